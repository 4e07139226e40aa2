//! What people read is plain English: no phrase that we have agreed not to use, and no sentence that has to be read twice
//! because of its length. Code and quoted output are exempt.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Phrases, and what to write instead.
const PHRASES: &[(&str, &str)] = &[
    ("for ever", "forever"),
    ("anew", "again"),
    ("meanwhile", "while …"),
    ("somewhat", "(nothing)"),
    ("is told of", "is notified of, reports, learns of"),
    ("are told of", "are notified of, report, learn of"),
    ("tells of", "reports"),
    ("hears of", "is notified of, learns of"),
    ("under way", "in flight, in progress"),
    ("turn away", "refuse"),
    ("turns away", "refuses"),
    ("turned away", "refused"),
    ("wake-up without a reason", "spurious wakeup"),
    ("time-out", "timeout"),
    ("time-outs", "timeouts"),
    ("accepting loop", "accept loop"),
    ("loop that accepts", "accept loop"),
    ("has the way of", "explains how"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("comes to rest", "becomes idle"),
    ("proved hang", "proven hang"),
    ("lies there", "stays unread"),
    ("is to be", "must be"),
    ("are to be", "must be"),
    ("somebody", "another client, a student, …"),
    ("everybody", "every client, all students, …"),
    ("one cannot", "you cannot"),
];

const MAX_WORDS: usize = 35;

/// Markdown and Rust sources: folders with all that is below them, and files.
const MARKDOWN: [&str; 5] = ["README.md", "CONTRIBUTING.md", "grader", "labs", "slides"];
const RUST: [&str; 5] = ["grader", "labs", "launcher", "slides", "solutions"];

/// This list itself.
const EXEMPT: &str = "grader/cli/tests/english.rs";

/// Files below `path` that end with `.extension`, without what cargo builds.
fn files(path: &Path, extension: &str, all: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path).unwrap().flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries.iter().filter(|entry| entry.file_name() != "target") {
            files(&entry.path(), extension, all);
        }
    } else if path.extension().is_some_and(|found| found == extension) {
        all.push(path.to_owned());
    }
}

/// A paragraph, heading, list item or cell of a table, and the line where it begins.
#[derive(Debug, PartialEq, Eq)]
struct Passage {
    line: usize,
    text: String,
}

/// The passages of a Markdown text. Code in a line becomes one word.
fn passages(markdown: &str) -> Vec<Passage> {
    let mut all = Vec::new();
    let mut passage = String::new();
    let mut begin = 0;
    let mut is_code = false;
    let line = |offset: usize| markdown[..offset].matches('\n').count() + 1;
    let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
    for (event, Range { start, .. }) in Parser::new_ext(markdown, options).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            Event::Text(text) if !is_code => {
                if passage.is_empty() {
                    begin = start;
                }
                passage += &text;
            }
            Event::Code(_) => passage += "`code`",
            Event::SoftBreak | Event::HardBreak => passage.push(' '),
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. })
            | Event::End(
                TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link,
            )
            | Event::InlineHtml(_) => {}
            _ => {
                let text = std::mem::take(&mut passage);
                // A directive of a deck draws or quotes.
                if !text.trim().is_empty() && !text.starts_with("{{#") {
                    all.push(Passage { line: line(begin), text });
                }
            }
        }
    }
    if !passage.trim().is_empty() {
        all.push(Passage { line: line(begin), text: passage });
    }
    all
}

/// The passages of the comments in a Rust source, which are Markdown, too, and its texts: strings of several words.
fn rust_passages(source: &str) -> Vec<Passage> {
    let mut all = Vec::new();
    let mut comment = String::new();
    let mut begin = 0;
    for (index, line) in source.lines().chain([""]).enumerate() {
        let text = line.trim_start().strip_prefix("//");
        if let Some(text) = text {
            if comment.is_empty() {
                begin = index;
            }
            comment += text.trim_start_matches(['/', '!']);
            comment.push('\n');
        } else if !comment.is_empty() {
            // One space stands between the marker and the text.
            let text: Vec<_> =
                comment.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
            let found = passages(&text.join("\n"));
            all.extend(
                found.into_iter().map(|found| Passage { line: begin + found.line, ..found }),
            );
            comment.clear();
        }
    }
    // A misconception has parts of a file, and these may not parse by themselves.
    if let Ok(tokens) = source.parse::<TokenStream>() {
        strings(tokens, &mut all);
    }
    all
}

/// The strings of several words in `tokens`.
fn strings(tokens: TokenStream, all: &mut Vec<Passage>) {
    let mut is_attribute = false;
    for token in tokens {
        match token {
            // Documentation is read as comments.
            TokenTree::Group(group) if !is_attribute => strings(group.stream(), all),
            TokenTree::Literal(literal) => {
                let line = literal.span().start().line;
                if let Ok(literal) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    let text = literal.value();
                    if text.matches(' ').count() >= 2 {
                        all.push(Passage { line, text });
                    }
                }
            }
            TokenTree::Punct(punct) => {
                is_attribute = punct.as_char() == '#' || is_attribute && punct.as_char() == '!';
                continue;
            }
            _ => {}
        }
        is_attribute = false;
    }
}

/// What is wrong with a passage.
fn faults(text: &str) -> Vec<String> {
    let lower = format!(" {} ", text.to_lowercase());
    let is_phrase = |phrase: &str| {
        lower.match_indices(phrase).any(|(begin, _)| {
            let outside =
                |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '-' && c != '_');
            outside(lower[..begin].chars().next_back())
                && outside(lower[begin + phrase.len()..].chars().next())
        })
    };
    let phrases = PHRASES.iter().filter(|(phrase, _)| is_phrase(phrase));
    let mut faults: Vec<_> =
        phrases.map(|(phrase, instead)| format!("`{phrase}`: write {instead}")).collect();
    for sentence in sentences(text) {
        let words =
            sentence.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
        if words > MAX_WORDS {
            let begin: String = sentence.chars().take(40).collect();
            faults.push(format!("{words} words in `{begin}…`: split the sentence"));
        }
        if is_free_relative(sentence) {
            let begin: String = sentence.chars().take(40).collect();
            faults.push(format!("`{begin}…`: say who, as in `a client that …`"));
        }
    }
    faults
}

/// Whether `sentence` begins like "Who is refused was never there": no question, and a second verb after `who`.
fn is_free_relative(sentence: &str) -> bool {
    const VERBS: [&str; 14] = [
        "is", "was", "has", "had", "does", "gets", "loses", "leaves", "must", "may", "can", "will",
        "needs", "keeps",
    ];
    let words: Vec<_> = sentence.split(|c: char| !c.is_alphanumeric()).collect();
    sentence.starts_with("Who ")
        && !sentence.ends_with('?')
        && !words.contains(&"whom")
        && words.iter().filter(|word| VERBS.contains(word)).count() >= 2
}

/// The sentences of a passage. A line of its own, as in a message, is one, too.
fn sentences(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.char_indices().find_map(|(index, c)| {
        let after = &rest[index + c.len_utf8()..];
        let ends = match c {
            '\n' => true,
            '.' | '?' | '!' => after.starts_with([' ', '\n', ')', '"', '”']),
            _ => false,
        };
        ends.then_some(index + c.len_utf8())
    }) {
        all.push(rest[..end].trim());
        rest = &rest[end..];
    }
    all.push(rest.trim());
    all
}

#[test]
fn what_people_read_is_plain_english() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for (places, extension) in [(MARKDOWN, "md"), (RUST, "rs")] {
        let passages = if extension == "md" { passages } else { rust_passages };
        let mut all = Vec::new();
        for place in places {
            files(&root.join(place), extension, &mut all);
        }
        assert!(all.len() > 10, "{} files end with .{extension}", all.len());
        for file in all {
            let name = file.strip_prefix(&root).unwrap().display().to_string();
            if name == EXEMPT {
                continue;
            }
            for Passage { line, text } in passages(&fs::read_to_string(&file).unwrap()) {
                found.extend(faults(&text).iter().map(|fault| format!("{name}:{line}: {fault}")));
            }
        }
    }
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
}

#[test]
fn faults_are_found() {
    assert_eq!(faults("It waits for ever.").len(), 1);
    assert_eq!(faults("It is ready\nagain. Who is refused was never there.").len(), 1);
    assert_eq!(faults(&"word ".repeat(36)).len(), 1);
    assert_eq!(faults(&format!("{}. {}", "word ".repeat(35).trim(), "word ".repeat(35))), [""; 0]);
    assert_eq!(faults("Who accepts the next client? It amends the one-time-outlet."), [""; 0]);
}

#[test]
fn code_is_exempt_and_lines_are_counted() {
    let markdown =
        "# A *title*\n\nFirst `x; y`\nand more.\n\n```text\nfor ever\n```\n\n- one\n- two\n";
    let lines: Vec<_> =
        passages(markdown).into_iter().map(|found| (found.line, found.text)).collect();
    let expected = [(1, "A title"), (3, "First `code` and more."), (10, "one"), (11, "two")];
    assert_eq!(lines, expected.map(|(line, text)| (line, text.to_owned())));
    let source = "//! About\n//! this.\n\n/// Doc.\nfn f() {\n    say(\"three words here\", \"two words\");\n}\n";
    let lines: Vec<_> =
        rust_passages(source).into_iter().map(|found| (found.line, found.text)).collect();
    let expected = [(1, "About this."), (4, "Doc."), (6, "three words here")];
    assert_eq!(lines, expected.map(|(line, text)| (line, text.to_owned())));
}
