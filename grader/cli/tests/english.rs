//! What people read is plain English: no phrase that we have agreed not to use, and no sentence that has to be read twice
//! because of its length. Code and quoted output are exempt.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

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

/// Where people read, from the root of the repository: folders with all that is below them, and files.
const PLACES: [&str; 11] = [
    ".cargo",
    ".ci",
    "CONTRIBUTING.md",
    "Cargo.toml",
    "README.md",
    "grader",
    "labs",
    "launcher",
    "rustfmt.toml",
    "slides",
    "solutions",
];

/// This list itself.
const EXEMPT: &str = "grader/cli/tests/english.rs";

/// The passages of a file, as its name says how it is written. Other files have no prose.
fn passages_of(file: &Path, text: &str) -> Vec<Passage> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("md") => passages(text),
        Some("rs") => {
            let mut all = comments(text, "//");
            strings(text.parse().unwrap(), &mut all);
            all
        }
        Some("c" | "css" | "go" | "java" | "js" | "mjs") => comments(text, "//"),
        Some("conf" | "py" | "sh" | "toml") | None => comments(text, "#"),
        Some(_) => Vec::new(),
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
    for (event, place) in Parser::new_ext(markdown, options).into_offset_iter() {
        if passage.is_empty() {
            begin = place.start;
        }
        match event {
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            Event::Text(text) if !is_code => passage += &text,
            Event::Html(html) if !is_code => passage += &without_tags(&html),
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

/// What is left of `html` without its tags.
fn without_tags(html: &str) -> String {
    let (before, tags) = html.split_once('<').unwrap_or((html, ""));
    let between = tags.split('<').filter_map(|tag| Some(tag.split_once('>')?.1));
    [before].into_iter().chain(between).collect()
}

/// The passages of the comments that begin with `marker`, which are Markdown, too.
fn comments(source: &str, marker: &str) -> Vec<Passage> {
    let mut all = Vec::new();
    let mut add = |text: &str, begin: usize| {
        let found = passages(text).into_iter();
        all.extend(found.map(|found| Passage { line: begin + found.line, ..found }));
    };
    let trailing = format!(" {marker} ");
    let mut comment = String::new();
    let mut begin = 0;
    for (index, line) in source.lines().chain([""]).enumerate() {
        let is_interpreter = index == 0 && line.starts_with("#!");
        if let (Some(text), false) = (line.trim_start().strip_prefix(marker), is_interpreter) {
            if comment.is_empty() {
                begin = index;
            }
            let text = text.trim_start_matches(['/', '!', '#']);
            // One space stands between the marker and the text.
            comment += text.strip_prefix(' ').unwrap_or(text);
            comment.push('\n');
            continue;
        }
        add(&std::mem::take(&mut comment), begin);
        if let Some((code, text)) = line.split_once(&trailing)
            && code.matches('"').count() % 2 == 0
        {
            add(text, index);
        }
    }
    all
}

/// The strings of several words in `tokens`. Documentation is not among them: it is read as comments.
fn strings(tokens: TokenStream, all: &mut Vec<Passage>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let mut inside = group.stream().into_iter();
                let is_doc = matches!(inside.next(), Some(TokenTree::Ident(name)) if name == "doc");
                if !is_doc {
                    strings(group.stream(), all);
                }
            }
            TokenTree::Literal(literal) => {
                let line = literal.span().start().line;
                if let Ok(literal) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    let text = literal.value();
                    if text.matches(' ').count() >= 2 {
                        all.push(Passage { line, text });
                    }
                }
            }
            _ => {}
        }
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
        let begin: String = sentence.chars().take(40).collect();
        let words =
            sentence.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
        if words > MAX_WORDS {
            faults.push(format!("{words} words in `{begin}…`: split the sentence"));
        }
        if is_free_relative(sentence) {
            faults.push(format!("`{begin}…`: say who, as in `a client that …`"));
        }
    }
    faults
}

/// Whether `sentence` begins like "Who is refused was never there". "Who waits for whom" and a question do not.
fn is_free_relative(sentence: &str) -> bool {
    (sentence.starts_with("Who ") || sentence.starts_with("Whoever "))
        && !sentence.ends_with('?')
        && !sentence.contains(" whom")
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
    let root = common::root();
    let mut found = Vec::new();
    for place in PLACES {
        let all = common::files(&root.join(place));
        assert!(!all.is_empty(), "{place} has no files");
        for file in all {
            let name = file.strip_prefix(&root).unwrap().display().to_string();
            // What is not text has no prose.
            let Ok(text) = fs::read_to_string(&file) else { continue };
            if name == EXEMPT {
                continue;
            }
            for Passage { line, text } in passages_of(&file, &text) {
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
    let source = "//! About\n//! this.\n\n/// Doc.\nfn f() {\n    say(\"three words here\", \"two words\"); // Why?\n}\n";
    let lines: Vec<_> = passages_of(Path::new("f.rs"), source)
        .into_iter()
        .map(|found| (found.line, found.text))
        .collect();
    let expected = [(1, "About this."), (4, "Doc."), (6, "Why?"), (6, "three words here")];
    assert_eq!(lines, expected.map(|(line, text)| (line, text.to_owned())));
    let lines = passages_of(Path::new("f.py"), "#!/bin/sh\n# One\n# two\nf()\n");
    assert_eq!(lines, [Passage { line: 2, text: "One two".to_owned() }]);
}
