//! Like crates, the modules of a crate form no cycle: to understand a file, a reader needs the modules that it uses,
//! never those that use it.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const CRATES: [&str; 6] = ["course", "observe", "exposition", "engine", "checks", "cli"];

/// A module, as its path from the crate's root.
type Module = Vec<String>;

/// All modules below `folder`, with their code.
fn modules(folder: &Path, path: &Module, all: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let file = entry.path();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let mut module = path.clone();
        if file.is_dir() {
            if name != "tests" {
                module.push(name);
                modules(&file, &module, all);
            }
        } else if !["lib", "main", "tests"].contains(&name.as_str()) {
            if name != "mod" {
                module.push(name);
            }
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            all.insert(module, without_text(code));
        }
    }
}

/// `code` without comments and without the contents of its strings.
fn without_text(code: &str) -> String {
    let (mut out, mut rest) = (String::new(), code);
    while let Some(c) = rest.chars().next() {
        let hashes =
            rest.strip_prefix('r').map(|raw| raw.len() - raw.trim_start_matches('#').len());
        let raw = hashes.filter(|hashes| rest[1 + hashes..].starts_with('"'));
        let is_word = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let (Some(hashes), false) = (raw, is_word) {
            let end = format!("\"{}", "#".repeat(hashes));
            let begin = hashes + 2;
            rest[begin..].find(&end).map_or(rest.len(), |length| begin + length + end.len())
        } else if rest.starts_with("'\"'") {
            3
        } else if c == '"' {
            let mut is_escaped = false;
            let is_end = |&(_, c): &(usize, char)| {
                let is_end = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                is_end
            };
            rest.char_indices().skip(1).find(is_end).map_or(rest.len(), |(index, _)| index + 1)
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    out
}

/// The paths that `code` imports, with braces expanded, and those that it uses inline.
fn imports(code: &str) -> Vec<String> {
    fn expand(tree: &str, prefix: &str, all: &mut Vec<String>) {
        let Some((head, rest)) = tree.split_once('{') else {
            let path = tree.split(" as ").next().unwrap_or(tree);
            all.push(format!("{prefix}{}", path.trim()));
            return;
        };
        let inside = rest.rsplit_once('}').map_or(rest, |(inside, _)| inside);
        let (mut depth, mut begin) = (0, 0);
        let prefix = format!("{prefix}{}", head.trim());
        for (index, c) in inside.char_indices().chain([(inside.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    let part = &inside[begin..index];
                    if !part.trim().is_empty() {
                        expand(part, &prefix, all);
                    }
                    begin = index + 1;
                }
                _ => {}
            }
        }
    }
    let mut all = Vec::new();
    let begins = |line: &&str| {
        let words = line.trim_start();
        words.starts_with("use ") || words.starts_with("pub") && words.contains(" use ")
    };
    let mut rest = code;
    while let Some(line) = rest.lines().find(begins) {
        let begin = line.as_ptr() as usize - rest.as_ptr() as usize;
        let (before, statement) = rest.split_at(begin);
        all.extend(inline_paths(before));
        let end = statement.find(';').unwrap();
        let tree = statement[..end].split_once("use ").unwrap().1;
        expand(tree, "", &mut all);
        rest = &statement[end..];
    }
    all.extend(inline_paths(rest));
    all
}

/// The paths in `code` that begin at the crate's root or in the parent module. A path with a `$` is a macro's: it
/// belongs to the module that calls the macro.
fn inline_paths(code: &str) -> impl Iterator<Item = String> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':' || c == '$';
    code.split(move |c| !is_path(c))
        .filter(|path| path.starts_with("crate::") || path.starts_with("super::"))
        .filter(|path| !path.contains('$'))
        .map(str::to_owned)
}

/// The module that `import` names in `module`: the longest prefix that is a module.
fn target(module: &Module, import: &str, all: &BTreeMap<Module, String>) -> Option<Module> {
    let mut words: Vec<&str> = import.split("::").map(str::trim).collect();
    let mut path: Module = match words.remove(0) {
        "crate" => Vec::new(),
        "super" => module[..module.len().checked_sub(1)?].to_vec(),
        "self" => module.clone(),
        _ => return None,
    };
    for word in words {
        if word == "super" {
            path.pop();
            continue;
        }
        path.push(word.to_owned());
        if !all.contains_key(&path) {
            path.pop();
            break;
        }
    }
    Some(path)
}

/// Which module uses which, at the level where their paths diverge; and the modules that use one of their own
/// ancestors.
fn edges(all: &BTreeMap<Module, String>) -> (BTreeMap<Module, BTreeSet<Module>>, Vec<String>) {
    let (mut edges, mut upward) = (BTreeMap::<Module, BTreeSet<Module>>::new(), Vec::new());
    for (module, code) in all {
        for import in imports(code) {
            let Some(target) = target(module, &import, all) else { continue };
            let common = module.iter().zip(&target).take_while(|(a, b)| a == b).count();
            if common == target.len() && target.len() < module.len() {
                upward.push(format!("{} uses {import}", module.join("::")));
            } else if common < module.len() && common < target.len() {
                let (from, to) = (module[..=common].to_vec(), target[..=common].to_vec());
                edges.entry(from).or_default().insert(to);
            }
        }
    }
    (edges, upward)
}

/// The modules in or above a cycle, if there is one.
fn cycle(edges: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<String>> {
    let mut left = edges.clone();
    loop {
        let is_leaf = |to: &Module| !left.contains_key(to);
        let done: Vec<_> = left
            .iter()
            .filter(|(_, to)| to.iter().all(is_leaf))
            .map(|(from, _)| from.clone())
            .collect();
        if done.is_empty() {
            return (!left.is_empty())
                .then(|| left.keys().map(|module| module.join("::")).collect());
        }
        left.retain(|from, _| !done.contains(from));
    }
}

#[test]
fn modules_form_no_cycle() {
    let grader = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut problems = Vec::new();
    for name in CRATES {
        let mut all = BTreeMap::new();
        modules(&grader.join(name).join("src"), &Vec::new(), &mut all);
        assert!(!all.is_empty(), "{name} has no modules");
        let (edges, upward) = edges(&all);
        problems
            .extend(upward.into_iter().map(|use_| format!("{name}: {use_}, which contains it")));
        problems
            .extend(cycle(&edges).map(|all| format!("{name}: a cycle among {}", all.join(", "))));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn paths_are_found_only_in_code() {
    let code = "// crate::no\nuse crate::a::{b, c};\nfn d() {\n    use super::e::F;\n    \
                crate::g::h(\"crate::no\", '\"', super::i);\n    $crate::no();\n    \
                let j = r#\"crate::\"no\"#; k()\n}\n";
    let code = without_text(code);
    let expected = ["crate::a::b", "crate::a::c", "super::e::F", "crate::g::h", "super::i"];
    assert_eq!(imports(&code), expected);
}

#[test]
fn a_cycle_is_found() {
    let module = |path: &str| path.split("::").map(str::to_owned).collect::<Module>();
    let all = BTreeMap::from([
        (module("a"), "use crate::b::{c::D, E};".to_owned()),
        (module("b"), "pub use self::c::D;".to_owned()),
        (module("b::c"), "use crate::a::F;".to_owned()),
    ]);
    let (edges, upward) = edges(&all);
    assert_eq!(cycle(&edges), Some(vec!["a".to_owned(), "b".to_owned()]));
    assert!(upward.is_empty());
}
