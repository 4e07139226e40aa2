//! Every explanation of a failure has a unique key and is a constant with the same name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const NEW: &str = "Explanation::new(";

/// All Rust files in `directory` and its subfolders.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The name and key of each explanation in `source`: `const NAME: Explanation = Explanation::new("key", …)`.
fn explanations(source: &str) -> Vec<(&str, &str)> {
    let explanation = |(at, _): (usize, &str)| {
        let (_, declaration) = source[..at].rsplit_once("const ").expect("a constant");
        let (name, between) = declaration.split_once(": Explanation =").expect("its type");
        assert!(between.trim().is_empty(), "the explanation after {name} has no name");
        let key = source[at + NEW.len()..].split('"').nth(1).expect("a key");
        (name, key)
    };
    source.match_indices(NEW).map(explanation).collect()
}

#[test]
fn every_key_is_unique_and_names_its_constant() {
    let mut keys = BTreeSet::new();
    for file in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let source = fs::read_to_string(&file).expect("a source file");
        for (name, key) in explanations(&source) {
            let expected = key.to_uppercase().replace('-', "_");
            assert_eq!(name, expected, "in {}", file.display());
            assert!(keys.insert(key.to_owned()), "the key {key} is used twice");
        }
    }
    assert!(keys.len() > 100, "found only {} explanations", keys.len());
}
