//! Generic code names no lab: it contains no lab's number, topic or protocol words.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

/// The folders that serve every lab.
const GENERIC: [&str; 4] = ["observe/src", "engine/src", "cli/src", "checks/src/scenarios"];

/// Protocol words that belong to a single lab.
const WORDS: [&str; 13] = [
    "SLEEP",
    "WORK ",
    "ECHO: ",
    "ERR ",
    "metrics on",
    "scrape",
    "user_id",
    "room_id",
    "welcome",
    "ChatClient",
    "FrameClient",
    "bad json",
    "byte echo",
];

/// Files whose protocol several labs share.
const SHARED_PROTOCOLS: [&str; 4] = [
    "checks/src/scenarios/byte_echo.rs",
    "checks/src/scenarios/causes.rs",
    "checks/src/scenarios/lines.rs",
    "checks/src/scenarios/line_causes.rs",
];

/// A word in `line` that only a lab may use.
fn lab_word(line: &str) -> Option<String> {
    for info in course::labs::LABS {
        let digits = info.digits();
        let names = [format!("lab{digits}"), format!("\"{digits}/"), info.folder()];
        if let Some(name) = names.into_iter().find(|name| line.contains(name.as_str())) {
            return Some(name);
        }
        let numbers = [format!("lab {digits}"), format!("lab {}", info.number)];
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_digit());
        let is_there =
            |number: &String| line.to_lowercase().split(number.as_str()).skip(1).any(ends);
        if let Some(number) = numbers.into_iter().find(is_there) {
            return Some(number);
        }
    }
    // EPOLLERR is not the answer ERR.
    let is_word = |(begin, _)| !line[..begin].ends_with(|c: char| c.is_ascii_alphanumeric());
    let is_said = |word: &&&str| line.match_indices(**word).any(is_word);
    WORDS.iter().find(is_said).map(|word| (*word).to_owned())
}

#[test]
fn generic_code_names_no_lab() {
    let grader = common::root().join("grader");
    for file in SHARED_PROTOCOLS {
        assert!(grader.join(file).is_file(), "{file} does not exist");
    }
    let mut found = Vec::new();
    for folder in GENERIC {
        let mut files = common::files(&grader.join(folder));
        files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
        assert!(!files.is_empty(), "{folder} has no sources");
        for file in files {
            let name = file.strip_prefix(&grader).unwrap().display().to_string();
            // Tests may use a lab as an example.
            if name.contains("tests") || SHARED_PROTOCOLS.contains(&name.as_str()) {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (index, line) in code.lines().enumerate() {
                if let Some(word) = lab_word(line) {
                    found.push(format!("{name}:{}: {word}: {}", index + 1, line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "generic code names a lab:\n{}", found.join("\n"));
}

#[test]
fn a_lab_in_generic_code_is_found() {
    for line in ["match lab03 {", "\"01/echo-bytes\"", "// as in Lab 2", "say(\"SLEEP 5 x\")"] {
        assert!(lab_word(line).is_some(), "{line}");
    }
    assert_eq!(lab_word("lab {} has no task, lab 100 neither"), None);
    assert_eq!(lab_word("EPOLLERR and EPOLLHUP"), None);
}
