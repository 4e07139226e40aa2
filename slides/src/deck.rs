//! A chapter, divided into slides, and the rules for each.
//!
//! A deck is Markdown. Each heading of level 1 or 2 begins a slide and gives its id and its minutes:
//! `## Half-close {#half-close minutes=2}`. Two classes mark special slides: `.predict` has a folded answer, `.bug`
//! shows a wrong answer or the grader's report on it. A slide may contain
//!
//! - `{{#code PATH:ANCHOR}}`: a region of a file; `{{#answer PATH:ANCHOR}}`: the same, folded behind a warning, for
//!   code that students write themselves;
//! - `{{#report LAB/NAME: PART; PART}}`: the grader's report on a misconception, the named parts on the slide and the
//!   whole report for readers;
//! - a code block ```` ```pikchr "description" ````: a diagram;
//! - `{{#plot NAME "description"}}`: a plot of `cargo grader bench`, from `pictures/`;
//! - a code block ```` ```rust,sketch ````: Rust that is in no solution;
//! - `<details class="notes">`: the lecturer's notes, hidden on slides.

use std::fmt::Write as _;
use std::path::Path;

use crate::excerpt::{MOST_COLUMNS, MOST_LINES, region, report};
use crate::labs::Link;
use crate::{Problem, escaped, picture};

/// One slide.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slide {
    pub id: String,
    pub title: String,
    /// How long it takes in a lecture.
    pub minutes: f32,
    /// `predict`, `bug`, or empty.
    pub class: String,
    /// Where it begins.
    pub line: usize,
    /// Its content.
    pub words: usize,
    pub code_lines: usize,
    pub table_rows: usize,
    pub pictures: usize,
    pub answers: usize,
    pub reports: Vec<String>,
    /// The words in its notes.
    pub said_words: usize,
}

/// What becomes of the code that students write themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// It is folded behind a warning.
    Folded,
    /// The slide says that this edition leaves it out.
    Removed,
}

/// One deck, ready for mdBook.
#[derive(Clone, Debug, Default)]
pub struct Deck {
    /// For example `01-blocking-threads`.
    pub name: String,
    pub slides: Vec<Slide>,
    /// Markdown with a section around each slide and all directives in braces resolved.
    pub text: String,
    /// The regions of files that it shows, as `PATH:ANCHOR`.
    pub regions: Vec<String>,
    pub problems: Vec<Problem>,
}

impl Deck {
    /// Its number, which is also its lab's.
    #[must_use]
    pub fn number(&self) -> &str {
        self.name.split('-').next().unwrap_or_default()
    }

    /// How long it takes.
    #[must_use]
    pub fn minutes(&self) -> f32 {
        self.slides.iter().map(|slide| slide.minutes).sum()
    }

    #[must_use]
    pub fn title(&self) -> &str {
        self.slides.first().map_or("", |slide| &slide.title)
    }

    #[must_use]
    pub fn slide(&self, id: &str) -> Option<&Slide> {
        self.slides.iter().find(|slide| slide.id == id)
    }

    /// Reads a deck and collects its problems.
    #[must_use]
    pub fn read(
        root: &Path,
        file: &str,
        name: &str,
        source: &str,
        links: &[Link],
        answers: Answers,
    ) -> Self {
        let links: Vec<_> = links.iter().filter(|link| link.deck == name).collect();
        let deck = Self { name: name.to_owned(), ..Self::default() };
        let mut reader =
            Reader { root, file, links: &links, answers, deck, inside: Inside::default() };
        reader.read(source);
        reader.deck.end(file, &links);
        reader.deck
    }

    fn problem(&mut self, file: &str, line: usize, text: impl Into<String>) {
        self.problems.push(Problem::new(file, line, text));
    }

    /// Checks what concerns the whole deck.
    fn end(&mut self, file: &str, links: &[&Link]) {
        for slide in self.slides.clone() {
            if self.slides.iter().filter(|other| other.id == slide.id).count() > 1 {
                self.problem(file, slide.line, format!("two slides have the id #{}", slide.id));
            }
            let (least, most) = slide.seconds();
            let seconds = slide.minutes * 60.0;
            if !(least..=most).contains(&seconds) {
                let what = format!(
                    "#{} says minutes={}, but its content takes {:.1} to {:.1} minutes: {} words, {} in notes, \
                     {} lines of code, {} rows, {} pictures",
                    slide.id,
                    slide.minutes,
                    least / 60.0,
                    most / 60.0,
                    slide.words,
                    slide.said_words,
                    slide.code_lines,
                    slide.table_rows,
                    slide.pictures
                );
                self.problem(file, slide.line, what);
            }
            if slide.class == "predict" && slide.answers == 0 {
                let what = format!("#{} has no answer: <details><summary>", slide.id);
                self.problem(file, slide.line, what);
            }
        }
        let of_class =
            |class: &str| self.slides.iter().filter(|slide| slide.class == class).count();
        let (minutes, predicts) = (self.minutes(), of_class("predict"));
        let pictures: usize = self.slides.iter().map(|slide| slide.pictures).sum();
        let mine = |report: &str| report.starts_with(&format!("{}-", self.number()));
        let has_lab = !links.is_empty();
        let bugs = self.slides.iter().filter(|slide| slide.class == "bug");
        let own_bugs = bugs
            .filter(|slide| slide.reports.iter().any(|report| !has_lab || mine(report)))
            .count();
        let last = self.slides.last().map_or("", |slide| slide.id.as_str());
        let mut whole = Vec::new();
        if !(45.0..=50.0).contains(&minutes) {
            whole.push(format!("its slides take {minutes} minutes; a lecture takes 45 to 50"));
        }
        if pictures < 3 {
            whole.push(format!("it has {pictures} pictures; it needs at least 3"));
        }
        if predicts < 2 {
            whole.push(format!("it has {predicts} .predict slides; it needs at least 2"));
        }
        if own_bugs == 0 {
            whole.push(
                "it has no .bug slide with the {{#report …}} of a misconception of its lab"
                    .to_owned(),
            );
        }
        if self.slides.get(1).is_none_or(|slide| slide.id != "goals") {
            whole.push("the slide after the title must be #goals".to_owned());
        }
        if has_lab && last != "lab" {
            whole.push("the last slide must be #lab, with the tasks".to_owned());
        }
        for what in whole {
            self.problem(file, 1, what);
        }
        for link in links {
            if self.slide(&link.slide).is_none() {
                let what = format!(
                    "{} is explained by {}#{}, which does not exist",
                    link.check, link.deck, link.slide
                );
                self.problem(&link.file, link.line, what);
            }
        }
    }
}

impl Slide {
    /// The least and most time that it may take, in seconds. Speech is 130 words a minute; a line of code or a row
    /// takes four seconds, a picture 25, and a prediction 40.
    #[must_use]
    pub fn seconds(&self) -> (f32, f32) {
        const SECONDS_PER_WORD: f32 = 60.0 / 130.0;
        let words = (self.words + self.said_words) as f32 * SECONDS_PER_WORD;
        let lines = (self.code_lines + self.table_rows) as f32 * 4.0;
        let pictures = self.pictures as f32 * 25.0;
        let thinking = if self.class == "predict" || self.class == "bug" { 40.0 } else { 0.0 };
        let all = words + lines + pictures + thinking;
        // Much of a slide need not be read aloud, and students ask questions.
        (all * 0.6, all * 1.8 + 40.0)
    }
}

/// What encloses the current line.
#[derive(Default)]
struct Inside {
    /// The mark that ends the code block, and the block.
    block: Option<(String, Block)>,
    notes: bool,
    details: usize,
    is_slide: bool,
}

enum Block {
    /// Code: the number of lines so far, and the line where the block begins.
    Code {
        is_sketch: bool,
        lines: usize,
        line: usize,
    },
    Picture {
        alt: String,
        source: String,
        line: usize,
    },
}

struct Reader<'a> {
    root: &'a Path,
    file: &'a str,
    links: &'a [&'a Link],
    answers: Answers,
    deck: Deck,
    inside: Inside,
}

impl Reader<'_> {
    fn read(&mut self, source: &str) {
        for (number, line) in (1..).zip(source.lines()) {
            if self.inside.block.is_some() {
                self.block_line(line);
            } else if line.starts_with("# ") || line.starts_with("## ") {
                self.heading(number, line);
            } else if !self.inside.is_slide {
                if !line.trim().is_empty() {
                    self.wrong(number, "this comes before the first slide");
                }
            } else if line.starts_with("```") {
                self.block(number, line);
            } else if line.starts_with("{{#") {
                self.directive(number, line);
            } else {
                self.line(number, line);
            }
        }
        let last = source.lines().count();
        if self.inside.block.is_some() {
            self.wrong(last, "a code block does not end");
        }
        self.end_slide(last);
        if !self.links.is_empty() {
            self.list_checks();
        }
    }

    fn wrong(&mut self, line: usize, text: impl Into<String>) {
        self.deck.problem(self.file, line, text);
    }

    fn push(&mut self, line: &str) {
        self.deck.text.push_str(line);
        self.deck.text.push('\n');
    }

    /// The slide that is being read.
    fn slide(&mut self) -> &mut Slide {
        self.deck.slides.last_mut().expect("nothing is read before the first heading")
    }

    fn heading(&mut self, number: usize, line: &str) {
        self.end_slide(number);
        let (marks, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (title, attributes) = match rest.rsplit_once('{') {
            Some((title, rest)) if rest.trim_end().ends_with('}') => {
                (title.trim(), rest.trim_end().trim_end_matches('}'))
            }
            _ => (rest.trim(), ""),
        };
        let mut slide = Slide { title: title.to_owned(), line: number, ..Slide::default() };
        for word in attributes.split_whitespace() {
            if let Some(id) = word.strip_prefix('#') {
                slide.id = id.to_owned();
            } else if let Some(class) = word.strip_prefix('.') {
                slide.class = class.to_owned();
            } else if let Some(minutes) = word.strip_prefix("minutes=").and_then(|m| m.parse().ok())
            {
                slide.minutes = minutes;
            } else {
                self.wrong(number, format!("`{word}` is not #id, .class or minutes=N"));
            }
        }
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !slide.id.chars().all(is_id) || slide.id == "checks" {
            let what =
                format!("an id consists of a-z, 0-9 and -, and is not #checks: #{}", slide.id);
            self.wrong(number, what);
        }
        if title.contains('|') {
            self.wrong(number, "a title must not contain |, because tables list it");
        }
        if slide.id.is_empty() {
            self.wrong(number, format!("the slide \"{title}\" has no id: {{#id minutes=2}}"));
        }
        if slide.minutes <= 0.0 {
            self.wrong(
                number,
                format!("the slide \"{title}\" does not say how long it takes: minutes=2"),
            );
        }
        if !["", "predict", "bug"].contains(&slide.class.as_str()) {
            self.wrong(number, format!("`.{}` is neither .predict nor .bug", slide.class));
        }
        slide.words = words(title);
        let section = format!(
            "<section class=\"slide {}\" data-id=\"{}\" data-minutes=\"{}\">\n\n{marks} {title} {{#{}}}",
            slide.class, slide.id, slide.minutes, slide.id
        );
        self.push(&section);
        self.deck.slides.push(slide);
        self.inside.is_slide = true;
    }

    /// Ends the slide, naming the checks that it explains.
    fn end_slide(&mut self, number: usize) {
        if !self.inside.is_slide {
            return;
        }
        if self.inside.details > 0 {
            self.wrong(number, "a <details> does not end on its slide");
            (self.inside.details, self.inside.notes) = (0, false);
        }
        let id = self.slide().id.clone();
        let explained: Vec<_> = self.links.iter().filter(|link| link.slide == id).collect();
        if !explained.is_empty() {
            let checks: Vec<_> =
                explained.iter().map(|link| format!("<code>{}</code>", link.check)).collect();
            let checks = checks.join(" ");
            self.push(&format!("\n<p class=\"explains\">Explains {checks}</p>"));
        }
        self.push("\n</section>\n");
        self.inside.is_slide = false;
    }

    fn line(&mut self, number: usize, line: &str) {
        let line = line.trim_end();
        let underlines = |mark| !line.is_empty() && line.trim_start().chars().all(|c| c == mark);
        if underlines('=') || underlines('-') {
            self.wrong(number, "write a heading as `## …`, not by underlining it");
        }
        if line.starts_with("<details") {
            self.inside.details += 1;
            if line.contains("notes") && line != "<details class=\"notes\">" {
                self.wrong(number, "notes begin with <details class=\"notes\"> alone on its line");
            }
            if line == "<details class=\"notes\">" {
                self.inside.notes = true;
                self.push("<details class=\"notes\" open><summary>Notes</summary>");
                return;
            }
            self.slide().answers += 1;
        } else if line.starts_with("</details>") {
            if self.inside.details == 0 {
                self.wrong(number, "</details> without <details>");
            }
            self.inside.details = self.inside.details.saturating_sub(1);
            self.inside.notes = false;
        }
        let (words, notes) = (words(line), self.inside.notes);
        let slide = self.slide();
        if notes {
            slide.said_words += words;
        } else {
            slide.words += words;
            slide.table_rows += usize::from(line.starts_with('|') && !line.starts_with("|-"));
        }
        if ["```", "~~~"].iter().any(|fence| line.trim_start().starts_with(fence)) {
            self.wrong(number, "a code block must begin with ``` at the beginning of a line");
        }
        if line.contains("{{#") {
            self.wrong(number, "{{…}} must be on a line of its own");
        }
        self.push(line);
    }

    fn block(&mut self, number: usize, line: &str) {
        let marks: String = line.chars().take_while(|&c| c == '`').collect();
        let info = line[marks.len()..].trim();
        let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
        let block = if language == "pikchr" {
            let alt = rest.trim().trim_matches('"').to_owned();
            self.slide().pictures += 1;
            Block::Picture { alt, source: String::new(), line: number }
        } else {
            let is_rust = matches!(language.split(',').next(), Some("rust" | "rs"));
            if is_rust && language != "rust,sketch" {
                self.wrong(
                    number,
                    "Rust on slides must come from a file, {{#code PATH:ANCHOR}}, or be a sketch: ```rust,sketch",
                );
            }
            if language.is_empty() {
                self.wrong(number, "a code block without a language: write ```text, for example");
            }
            let is_sketch = language == "rust,sketch";
            if is_sketch {
                self.push("<figure class=\"code sketch\"><figcaption>a sketch</figcaption>\n");
                self.push("```rust");
            } else {
                self.push(line);
            }
            Block::Code { is_sketch, lines: 0, line: number }
        };
        self.inside.block = Some((marks, block));
    }

    fn block_line(&mut self, line: &str) {
        let Some((marks, block)) = self.inside.block.take() else { return };
        if line.starts_with(&marks) && line.trim_end().chars().all(|c| c == '`') {
            self.end_block(block, &marks);
            return;
        }
        let block = match block {
            Block::Code { is_sketch, lines, line: begin } => {
                let columns = line.chars().count();
                if columns > MOST_COLUMNS {
                    let number = begin + lines + 1;
                    self.wrong(
                        number,
                        format!("{columns} columns: at most {MOST_COLUMNS} fit on a slide"),
                    );
                }
                self.push(line);
                Block::Code { is_sketch, lines: lines + 1, line: begin }
            }
            Block::Picture { alt, mut source, line: begin } => {
                source.push_str(line);
                source.push('\n');
                Block::Picture { alt, source, line: begin }
            }
        };
        self.inside.block = Some((marks, block));
    }

    fn end_block(&mut self, block: Block, marks: &str) {
        match block {
            Block::Code { is_sketch, lines, line } => {
                if lines > MOST_LINES {
                    self.wrong(line, format!("{lines} lines: at most {MOST_LINES} fit on a slide"));
                }
                self.push(marks);
                if is_sketch {
                    self.push("\n</figure>");
                }
                if !self.inside.notes {
                    self.slide().code_lines += lines;
                }
            }
            Block::Picture { alt, source, line } => match picture::draw(&source, &alt) {
                Ok(figure) => self.push(&figure),
                Err(error) => self.wrong(line, error),
            },
        }
    }

    fn directive(&mut self, number: usize, line: &str) {
        let inner = line.trim_end().strip_prefix("{{#").and_then(|line| line.strip_suffix("}}"));
        let Some((what, rest)) = inner.and_then(|inner| inner.split_once(' ')) else {
            self.wrong(
                number,
                "write {{#code PATH:ANCHOR}}, {{#answer …}}, {{#report …}} or {{#plot …}}",
            );
            return;
        };
        let result = match what {
            "code" | "answer" => self.code(number, what == "answer", rest.trim()),
            "report" => self.report(rest.trim()),
            "plot" => self.plot(number, rest.trim()),
            _ => Err(Problem::new(self.file, number, format!("{{{{#{what} …}}}} is unknown"))),
        };
        if let Err(problem) = result {
            let here = format!("{}:{number}", self.file);
            let text = if problem.file == Path::new(self.file) {
                problem.text
            } else {
                format!("{} (shown by {here})", problem.text)
            };
            self.deck.problems.push(Problem { text, ..problem });
        }
    }

    fn code(&mut self, number: usize, is_folded: bool, what: &str) -> Result<(), Problem> {
        let wrong = |text: &str| Problem::new(self.file, number, text);
        let Some((path, anchor)) = what.rsplit_once(':') else {
            return Err(wrong("which region? {{#code PATH:ANCHOR}}"));
        };
        self.deck.regions.push(what.to_owned());
        let excerpt = region(self.root, path, anchor)?;
        if excerpt.is_answer && !is_folded {
            return Err(wrong("students write this code themselves: {{#answer …}} folds it"));
        }
        let language = match path.rsplit_once('.') {
            Some((_, "rs")) => "rust",
            Some((_, "py")) => "python",
            Some((_, "c")) => "c",
            _ => "text",
        };
        self.slide().code_lines += excerpt.text.lines().count();
        if is_folded {
            self.slide().answers += 1;
            if self.answers == Answers::Removed {
                self.push("<p class=\"giveaway\">The lab's answer is not in this edition: write it yourself.</p>\n");
                return Ok(());
            }
            self.push("<details class=\"giveaway\"><summary>This is the lab's answer. Have you tried it yourself?</summary>\n");
        }
        let caption = match (self.answers, path.strip_prefix("solutions/")) {
            (Answers::Folded, _) => path.to_owned(),
            // What students are given is also in their own folder.
            (Answers::Removed, Some(file)) => format!("labs/{file}"),
            (Answers::Removed, None) => "one of the grader's test programs".to_owned(),
        };
        self.push(&format!(
            "<figure class=\"code\"><figcaption>{}</figcaption>\n",
            escaped(&caption)
        ));
        self.push(&format!("```{language}\n{}```\n\n</figure>", excerpt.text));
        if is_folded {
            self.push("\n</details>");
        }
        Ok(())
    }

    fn report(&mut self, what: &str) -> Result<(), Problem> {
        let (name, parts) = what.split_once(':').unwrap_or((what, ""));
        let parts: Vec<_> =
            parts.split(';').map(str::trim).filter(|part| !part.is_empty()).collect();
        let parts = if parts.is_empty() { vec!["Observed", "Likely cause"] } else { parts };
        let shown = report(self.root, name, &parts)?;
        let whole = report(self.root, name, &[])?;
        let slide = self.slide();
        slide.code_lines += shown.lines().count();
        slide.reports.push(name.to_owned());
        self.push("<figure class=\"code report\"><figcaption>what the grader says</figcaption>\n");
        self.push(&format!("```text\n{shown}```\n\n</figure>"));
        self.push("<details class=\"reading\"><summary>The whole report</summary>\n");
        self.push(&format!("```text\n{whole}```\n\n</details>"));
        Ok(())
    }

    fn plot(&mut self, number: usize, what: &str) -> Result<(), Problem> {
        let (name, alt) = what.split_once(' ').unwrap_or((what, ""));
        let alt = alt.trim().trim_matches('"');
        if alt.is_empty() {
            let text = "a plot needs a description in words: {{#plot NAME \"…\"}}";
            return Err(Problem::new(self.file, number, text));
        }
        let mut images = String::new();
        for theme in ["light", "dark"] {
            let path = format!("pictures/{name}-{theme}.svg");
            if !self.root.join(&path).is_file() {
                return Err(Problem::new(self.file, number, format!("{path} does not exist")));
            }
            let _ = write!(
                images,
                "<img class=\"{theme}-only\" alt=\"{}\" src=\"{path}\">",
                escaped(alt)
            );
        }
        self.slide().pictures += 1;
        self.push(&format!("<figure class=\"plot\">{images}</figure>"));
        Ok(())
    }

    /// Adds a table for readers: which slide explains which check.
    fn list_checks(&mut self) {
        let mut text =
            "<section class=\"reading\">\n\n## Checks that this deck explains {#checks}\n\n"
                .to_owned();
        text += "| check | slide |\n|---|---|\n";
        for link in self.links {
            let Some(slide) = self.deck.slide(&link.slide) else { continue };
            let _ = writeln!(text, "| `{}` | [{}](#{}) |", link.check, slide.title, link.slide);
        }
        text += "\n</section>\n";
        self.push(&text);
    }
}

/// The number of words in a line of Markdown, without its tags.
fn words(line: &str) -> usize {
    let mut text = String::new();
    let mut in_tag = false;
    for c in line.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            _ if in_tag => {}
            _ => text.push(c),
        }
    }
    let is_word = |word: &&str| word.chars().any(char::is_alphanumeric);
    text.split(|c: char| c.is_whitespace() || c == '|').filter(is_word).count()
}
