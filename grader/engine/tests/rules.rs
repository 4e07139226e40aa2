//! RULES.md and the code cite each other: every cited rule, fact, file and name must exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 4] = ["observe", "engine", "checks", "cli"];

/// The directory `grader/`.
fn grader() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rules() -> String {
    fs::read_to_string(grader().join("RULES.md")).expect("grader/RULES.md")
}

/// All Rust files in `directory` and its subfolders; empty if it does not exist.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The number at the beginning of `text`, and what follows it.
fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// The citations in `text`: `R9` for "rule R9" and "R9:", `fact 6` for "fact 6 of RULES.md".
fn citations(text: &str) -> BTreeSet<String> {
    let mut cited = BTreeSet::new();
    for (at, _) in text.match_indices('R') {
        let before = text[..at].to_lowercase();
        let Some((number, after)) = leading_number(&text[at + 1..]) else { continue };
        let is_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if before.ends_with("rule ") || (is_word && after.starts_with(':')) {
            cited.insert(format!("R{number}"));
        }
    }
    for (at, _) in text.match_indices("act ") {
        let Some((number, after)) = leading_number(&text[at + 4..]) else { continue };
        if text[..at].ends_with(['f', 'F']) && after.starts_with(" of RULES.md") {
            cited.insert(format!("fact {number}"));
        }
    }
    cited
}

/// The files of `place`: a path in `grader/`, or a module like `checks::labs::lab05` with its submodules.
fn files_of(place: &str) -> Vec<PathBuf> {
    let Some((crate_name, module)) = place.split_once("::") else {
        return vec![grader().join(place)];
    };
    let module = grader().join(crate_name).join("src").join(module.replace("::", "/"));
    let mut files = rust_files(&module);
    files.extend(Some(module.with_extension("rs")).filter(|file| file.exists()));
    files
}

fn is_place(code: &str) -> bool {
    let is_file = |rest: &str| rest.ends_with(".rs") || rest.ends_with(".toml");
    let is_in_crate = |rest: &str| rest.starts_with("::") || is_file(rest);
    CRATES.iter().any(|name| code.strip_prefix(name).is_some_and(is_in_crate))
}

#[test]
fn every_cited_rule_and_fact_exists() {
    let rules = rules();
    let (facts, others) = rules.split_once("## Rules\n").expect("the section Rules");
    let heading = |line: &str| Some(leading_number(line.strip_prefix("### R")?)?.0);
    let fact = |line: &str| {
        let (number, rest) = leading_number(line)?;
        rest.starts_with(". **").then_some(number)
    };
    let mut known = BTreeSet::new();
    known.extend(others.lines().filter_map(heading).map(|number| format!("R{number}")));
    known.extend(facts.lines().filter_map(fact).map(|number| format!("fact {number}")));
    assert!(known.contains("R15") && known.contains("fact 12"), "RULES.md has only {known:?}");
    for file in CRATES.iter().flat_map(|name| rust_files(&grader().join(name).join("src"))) {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let unknown: Vec<_> = citations(&text).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{} cites {unknown:?}, which RULES.md lacks", file.display());
    }
}

#[test]
fn every_name_is_where_the_rules_say() {
    let text = rules().split_whitespace().collect::<Vec<_>>().join(" ");
    let parts: Vec<&str> = text.split('`').collect();
    let mut checked = 0;
    for (at, &place) in parts.iter().enumerate().filter(|(_, part)| is_place(part)) {
        let source: String = files_of(place).iter().flat_map(fs::read_to_string).collect();
        assert!(!source.is_empty(), "RULES.md names {place}, which does not exist");
        let words: Vec<_> = source.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let is_there = |name: &str| match name.starts_with(char::is_lowercase) {
            true => words.windows(2).any(|pair| pair == ["fn", name]),
            false => words.contains(&name),
        };
        // `A` in `place`, or `A` and `B` in `place`.
        let (mut link, mut between) = (at - 1, " in ");
        while link >= 2 && parts[link] == between && !is_place(parts[link - 1]) {
            for name in parts[link - 1].split("::") {
                assert!(is_there(name), "RULES.md names {name} in {place}, which lacks it");
                checked += 1;
            }
            (link, between) = (link - 2, " and ");
        }
    }
    assert!(checked > 50, "found only {checked} names in RULES.md");
}
