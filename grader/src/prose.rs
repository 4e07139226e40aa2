//! The Markdown that explains each check: `grader/labs/NN-topic.md`.
//!
//! One heading of level 2 for each check, its id; below it a paragraph on why the check matters, and
//! three headings of level 3: `By hand` with a block of shell, `Hints` with a list from vague to concrete,
//! `Slide` with the id of the slide that explains it.
//!
//! What is the same for a family of checks is said once: under a heading with all ids, separated by commas.
//! In it, `BACKEND` stands for the middle part of an id like `02/poll/echo-bytes`.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::labs::Lab;

/// What is said of one check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prose {
    /// Why it matters, as plain text.
    pub why: String,
    /// Commands that show it, a line each.
    pub by_hand: Vec<String>,
    /// From vague to concrete, as plain text.
    pub hints: Vec<String>,
    /// `deck/slide`.
    pub slide: String,
}

/// The prose of all checks of `lab`, by id.
#[must_use]
pub fn of(lab: &Lab) -> BTreeMap<String, Prose> {
    let mut all: BTreeMap<String, Prose> = BTreeMap::new();
    let (mut id, mut part, mut text) = (String::new(), String::new(), String::new());
    for event in Parser::new(lab.prose) {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1 | HeadingLevel::H2, .. }) => {
                (id, part) = (String::new(), String::new());
                text.clear();
            }
            Event::Start(Tag::Heading { .. } | Tag::Paragraph | Tag::Item | Tag::CodeBlock(_)) => {
                text.clear();
            }
            Event::Text(more) | Event::Code(more) => text += &more,
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::End(TagEnd::Heading(HeadingLevel::H2)) => {
                id = text.trim().to_owned();
                all.entry(id.clone()).or_default();
            }
            Event::End(TagEnd::Heading(HeadingLevel::H3)) => part = text.trim().to_lowercase(),
            Event::End(end @ (TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock)) => {
                let Some(prose) = all.get_mut(&id) else { continue };
                let said = text.trim().to_owned();
                match (part.as_str(), end) {
                    ("", TagEnd::Paragraph) if prose.why.is_empty() => prose.why = said,
                    ("", TagEnd::Paragraph) => prose.why += &format!(" {said}"),
                    ("by hand", TagEnd::CodeBlock) => {
                        prose.by_hand = said.lines().map(str::to_owned).collect();
                    }
                    // A loose list has paragraphs in its items; either end comes with the same text.
                    ("hints", _) if !said.is_empty() => prose.hints.push(said),
                    ("slide", TagEnd::Paragraph) => prose.slide = said,
                    _ => {}
                }
                text.clear();
            }
            _ => {}
        }
    }
    all.into_iter().flat_map(|(ids, prose)| each_of(&ids, &prose)).collect()
}

/// The prose of each check that a heading names.
fn each_of(ids: &str, prose: &Prose) -> Vec<(String, Prose)> {
    let one = |id: &str| {
        let parts: Vec<_> = id.split('/').collect();
        let mut prose = prose.clone();
        if let [_, backend, _] = parts[..] {
            let texts = [&mut prose.why].into_iter();
            for text in texts.chain(&mut prose.by_hand).chain(&mut prose.hints) {
                *text = text.replace("BACKEND", backend);
            }
        }
        (id.to_owned(), prose)
    };
    ids.split(',').map(str::trim).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labs::LABS;

    #[test]
    fn a_family_shares_its_prose() {
        let shared = Prose { why: "in BACKEND".to_owned(), ..Prose::default() };
        let each = each_of("02/poll/idle, 02/epoll/idle", &shared);
        let said = each.iter().map(|(id, prose)| (id.as_str(), prose.why.as_str()));
        assert!(said.eq([("02/poll/idle", "in poll"), ("02/epoll/idle", "in epoll")]));
    }

    #[test]
    fn every_check_is_explained_and_nothing_else() {
        for lab in LABS {
            let prose = of(lab);
            let ids: Vec<_> = lab.checks.iter().map(|check| check.id.to_owned()).collect();
            let mut sorted = ids.clone();
            sorted.sort();
            assert_eq!(prose.keys().cloned().collect::<Vec<_>>(), sorted);
            for (id, prose) in prose {
                assert!(prose.why.len() > 40, "{id}: why does it matter?");
                assert!(!prose.by_hand.is_empty(), "{id}: how is it seen by hand?");
                let long = prose.by_hand.iter().find(|line| line.len() > 72);
                assert_eq!(long, None, "{id}: a line is too long");
                assert!(prose.hints.len() >= 2, "{id}: hints from vague to concrete");
                assert!(prose.slide.contains('/'), "{id}: which slide?");
            }
        }
    }
}
