//! The Markdown that explains each check, one file per lab: `NN-topic.md`.
//!
//! A level-2 heading is the id of a check. A paragraph on why the check matters and three level-3 headings follow it.
//! `By hand` has a block of shell commands, `Hints` has a list from vague to concrete, and `Slide` has the id of the
//! slide that explains the check.
//!
//! After all checks, the heading `Misconceptions` has a list. Each item is a misunderstanding and, in parentheses, the ids
//! of the checks that fail because of it.
//!
//! A family of checks shares one text under a heading with all their ids, separated by commas. In that text,
//! `BACKEND` stands for the middle part of an id like `02/poll/echo-bytes`.

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::line_error::LineError;

/// Where the files are, relative to the root of the checkout.
pub const EXPLANATIONS_FOLDER: &str = "grader/explanations";

/// The placeholder for the middle part of an id.
const BACKEND: &str = "BACKEND";

/// The explanation of one check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckExplanation {
    /// The id of the check, such as `01/half-close`.
    pub id: String,
    /// Why it matters, as plain text.
    pub why: String,
    /// Commands that demonstrate it, one per line.
    pub by_hand: Vec<String>,
    /// From vague to concrete, as plain text.
    pub hints: Vec<String>,
    pub slide: Option<SlideReference>,
    /// Misunderstandings that make it fail, one sentence each.
    pub misconceptions: Vec<String>,
}

/// The heading of the list of misconceptions.
pub const MISCONCEPTIONS: &str = "Misconceptions";

/// The slide that explains a check, written as `deck/slide`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlideReference {
    /// Such as `01-blocking-threads`.
    pub deck: String,
    /// Its id, such as `end-of-stream`.
    pub slide: String,
    /// The line of the Markdown that names it, from 1.
    pub line: usize,
}

impl SlideReference {
    /// The command that opens it.
    #[must_use]
    pub fn command(&self) -> String {
        let number = self.deck.split('-').next().unwrap_or(&self.deck);
        format!("cargo slides {number}#{}", self.slide)
    }
}

/// The explanations of the checks of one lab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanations {
    checks: Vec<CheckExplanation>,
}

impl Explanations {
    /// Reads the explanations of one lab.
    ///
    /// # Errors
    ///
    /// A check is explained twice, a section is unknown, or a slide is not written as `deck/slide`.
    pub fn parse(markdown: &str) -> Result<Self, LineError> {
        let mut reader = Reader {
            markdown,
            checks: Vec::new(),
            family: None,
            misconceptions: None,
            text: String::new(),
        };
        for (event, range) in Parser::new(markdown).into_offset_iter() {
            reader.read(&event, range.start)?;
        }
        reader.end_family()?;
        let Reader { mut checks, misconceptions, .. } = reader;
        for (sentence, ids) in misconceptions.unwrap_or_default() {
            for check in checks.iter_mut().filter(|check| ids.contains(&check.id)) {
                check.misconceptions.push(sentence.clone());
            }
        }
        Ok(Self { checks })
    }

    /// All explanations, in the order of the Markdown.
    #[must_use]
    pub fn all(&self) -> &[CheckExplanation] {
        &self.checks
    }

    /// The explanation of the check `id`.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&CheckExplanation> {
        self.checks.iter().find(|check| check.id == id)
    }
}

/// The sections below the heading of a check.
#[derive(Clone, Copy)]
enum Section {
    Why,
    ByHand,
    Hints,
    Slide,
}

/// The text about the checks in one heading.
struct Family {
    /// Separated by commas.
    ids: String,
    line: usize,
    section: Section,
    shared: CheckExplanation,
}

struct Reader<'t> {
    markdown: &'t str,
    checks: Vec<CheckExplanation>,
    family: Option<Family>,
    /// The list of misconceptions, once its heading was read: each with the ids of its checks.
    misconceptions: Option<Vec<(String, Vec<String>)>>,
    /// The text so far of the current heading, paragraph, item or block.
    text: String,
}

impl Reader<'_> {
    fn read(&mut self, event: &Event<'_>, offset: usize) -> Result<(), LineError> {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1 | HeadingLevel::H2, .. }) => {
                self.end_family()?;
                self.text.clear();
            }
            Event::Start(Tag::Heading { .. } | Tag::Paragraph | Tag::Item | Tag::CodeBlock(_)) => {
                self.text.clear();
            }
            Event::Text(more) | Event::Code(more) => self.text += more,
            Event::SoftBreak | Event::HardBreak => self.text.push(' '),
            Event::End(TagEnd::Heading(HeadingLevel::H2)) => {
                let (ids, line) = (self.text.trim().to_owned(), self.line(offset));
                let shared = CheckExplanation::default();
                self.family = Some(Family { ids, line, section: Section::Why, shared });
                self.text.clear();
            }
            Event::End(TagEnd::Heading(HeadingLevel::H1)) if self.text.trim() == MISCONCEPTIONS => {
                self.misconceptions = Some(Vec::new());
                self.text.clear();
            }
            Event::End(TagEnd::Heading(HeadingLevel::H3)) => self.begin_section(offset)?,
            Event::End(end @ (TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock)) => {
                self.end_block(*end, offset)?;
                self.text.clear();
            }
            _ => {}
        }
        Ok(())
    }

    /// The number of the line at `offset`.
    fn line(&self, offset: usize) -> usize {
        self.markdown[..offset].matches('\n').count() + 1
    }

    fn begin_section(&mut self, offset: usize) -> Result<(), LineError> {
        let line = self.line(offset);
        let name = self.text.trim();
        let section = match name.to_lowercase().as_str() {
            "by hand" => Section::ByHand,
            "hints" => Section::Hints,
            "slide" => Section::Slide,
            _ => {
                let message =
                    format!("the section `{name}` is unknown: write By hand, Hints or Slide");
                return Err(LineError::new(line, message));
            }
        };
        if let Some(family) = &mut self.family {
            family.section = section;
        }
        Ok(())
    }

    fn end_block(&mut self, end: TagEnd, offset: usize) -> Result<(), LineError> {
        let line = self.line(offset);
        if let (Some(all), TagEnd::Item) = (&mut self.misconceptions, end) {
            let item = self.text.trim().strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
            let Some((sentence, ids)) = item else {
                return Err(LineError::new(line, "write a misconception as `sentence (ids)`"));
            };
            let ids = ids.split(", ").map(str::to_owned).collect();
            all.push((sentence.to_owned(), ids));
            return Ok(());
        }
        let Some(family) = &mut self.family else { return Ok(()) };
        let (text, shared) = (self.text.trim(), &mut family.shared);
        match (family.section, end) {
            (Section::Why, TagEnd::Paragraph) => {
                if !shared.why.is_empty() {
                    shared.why.push(' ');
                }
                shared.why += text;
            }
            (Section::ByHand, TagEnd::CodeBlock) => {
                shared.by_hand = text.lines().map(str::to_owned).collect();
            }
            // In a loose list, items contain paragraphs: the end of the paragraph takes the text, and
            // nothing is left at the end of the item.
            (Section::Hints, _) if !text.is_empty() => shared.hints.push(text.to_owned()),
            (Section::Slide, TagEnd::Paragraph) => {
                let Some((deck, slide)) = text.split_once('/') else {
                    let message = format!("write a slide as deck/slide, not {text}");
                    return Err(LineError::new(line, message));
                };
                let (deck, slide) = (deck.to_owned(), slide.to_owned());
                shared.slide = Some(SlideReference { deck, slide, line });
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds an explanation for each check of the family.
    fn end_family(&mut self) -> Result<(), LineError> {
        let Some(family) = self.family.take() else { return Ok(()) };
        for id in family.ids.split(',').map(str::trim) {
            if self.checks.iter().any(|check| check.id == id) {
                let message = format!("{id} is explained twice: remove one");
                return Err(LineError::new(family.line, message));
            }
            self.checks.push(family.shared.of(id));
        }
        Ok(())
    }
}

impl CheckExplanation {
    /// The family's text for its check `id`.
    fn of(&self, id: &str) -> Self {
        let mut own = Self { id: id.to_owned(), ..self.clone() };
        let parts: Vec<_> = id.split('/').collect();
        if let [_, backend, _] = parts[..] {
            let texts = [&mut own.why].into_iter();
            for text in texts.chain(&mut own.by_hand).chain(&mut own.hints) {
                *text = text.replace(BACKEND, backend);
            }
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labs::LabInfo;

    const MARKDOWN: &str = "\
# 02

Not about a check.

## 02/poll/idle, 02/epoll/idle

Idle in BACKEND,
not *busy*.

And `quiet`.

### By hand

```sh
run BACKEND
look
```

### Hints

1. Vague.

2. With BACKEND.

### Slide

`02-selectors/idle`

## 02/residue

Tidy.

# Misconceptions

- One is many (`02/epoll/idle`, `02/residue`)
";

    #[test]
    fn family_shares_its_text() {
        let explanations = Explanations::parse(MARKDOWN).expect("sound Markdown");
        let ids: Vec<_> = explanations.all().iter().map(|check| check.id.as_str()).collect();
        assert_eq!(ids, ["02/poll/idle", "02/epoll/idle", "02/residue"]);
        let epoll = explanations.get("02/epoll/idle").expect("it is explained");
        let expected = CheckExplanation {
            id: "02/epoll/idle".to_owned(),
            why: "Idle in epoll, not busy. And quiet.".to_owned(),
            by_hand: vec!["run epoll".to_owned(), "look".to_owned()],
            hints: vec!["Vague.".to_owned(), "With epoll.".to_owned()],
            slide: Some(SlideReference {
                deck: "02-selectors".to_owned(),
                slide: "idle".to_owned(),
                line: 27,
            }),
            misconceptions: vec!["One is many".to_owned()],
        };
        assert_eq!(*epoll, expected);
        let residue = explanations.get("02/residue").expect("it is explained");
        assert_eq!((residue.why.as_str(), &residue.slide), ("Tidy.", &None));
    }

    #[test]
    fn wrong_texts_are_refused_with_their_line() {
        let error = |text: &str| Explanations::parse(text).expect_err(text).to_string();
        let slide = error("## 01/a\n\n### Slide\n\n`01-threads`\n");
        assert_eq!(slide, "line 5: write a slide as deck/slide, not 01-threads");
        let twice = error("## 01/a\n\nWhy.\n\n## 01/b, 01/a\n");
        assert_eq!(twice, "line 5: 01/a is explained twice: remove one");
        let item = error("## 01/a\n\nWhy.\n\n# Misconceptions\n\n- one\n");
        assert_eq!(item, "line 7: write a misconception as `sentence (ids)`");
        let unknown = error("## 01/a\n\n### Hint\n");
        assert!(unknown.starts_with("line 3: the section `Hint` is unknown"), "{unknown}");
    }

    fn our_own_texts_are_complete(lab: &LabInfo) {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let path = format!("{root}/{EXPLANATIONS_FOLDER}/{}.md", lab.folder());
        let text = std::fs::read_to_string(&path).expect(&path);
        let explanations = Explanations::parse(&text).expect(&path);
        for CheckExplanation { id, why, by_hand, hints, slide, .. } in explanations.all() {
            assert!(id.starts_with(&format!("{}/", lab.digits())), "{id} belongs to another lab");
            assert!(why.len() > 40, "{id}: why does it matter?");
            assert!(!by_hand.is_empty(), "{id}: how can you see it by hand?");
            let long = by_hand.iter().find(|line| line.len() > 72);
            assert_eq!(long, None, "{id}: a line is too long");
            assert!(hints.len() >= 2, "{id}: hints from vague to concrete");
            assert!(slide.is_some(), "{id}: which slide?");
        }
    }

    crate::test_each_lab!(our_own_texts_are_complete);
}
