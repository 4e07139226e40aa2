//! A report for people, 80 columns wide.

use std::io::{self, Write};

use textwrap::{Options, WordSeparator, WordSplitter, wrap};

use course::explanations::{CheckExplanation, Explanations};
use course::labs::Category;
use course::text::{printable, time};
use engine::lab::Check;
use engine::run::{Outcome, START_UP, Verdict};
use engine::verdict::{FailureText, Line, residue_text};

use super::model::{Report, Summary};
use crate::style::{BAD, DIM, GOOD, ODD, STRONG, WIDTH};

impl Report {
    /// Writes the report, with the first failure in full, or all failures if `full`.
    ///
    /// # Errors
    ///
    /// `out` cannot be written to.
    pub fn write(&self, out: &mut dyn Write, full: bool) -> io::Result<()> {
        let Self { lab, program, seed, .. } = self;
        let title = format!("Lab {} · {} · {program}", lab.digits(), lab.title);
        let seed = format!("seed {seed:08x}");
        let room = WIDTH.saturating_sub(seed.len() + 1);
        let title = printable(&title, room.saturating_sub(1));
        writeln!(out, "{STRONG}{title:<room$}{STRONG:#} {DIM}{seed}{DIM:#}")?;
        for remark in &self.remarks {
            self.paragraph(out, "note: ", remark)?;
        }
        let names = self.outcomes.iter().map(|outcome| outcome.check.name.len()).max().unwrap_or(0);
        for task in lab.tasks {
            let of_task: Vec<_> =
                self.outcomes.iter().filter(|outcome| outcome.check.task == task.number).collect();
            if of_task.is_empty() || self.start_up().is_some() {
                continue;
            }
            let kind = if task.core { "" } else { " (robust)" };
            writeln!(out, "\n{STRONG}Task {}{STRONG:#} {}{kind}", task.number, task.title)?;
            for outcome in of_task {
                write_line(out, outcome, names)?;
            }
        }
        let explanations = Explanations::parse(lab.explanations).unwrap_or_default();
        let failures = self.outcomes.iter().filter_map(|outcome| match &outcome.verdict {
            Verdict::Failed(failure) => Some((outcome.check, &**failure)),
            _ => None,
        });
        let shown = if full { usize::MAX } else { 1 };
        let mut more = 0;
        for (index, (check, failure)) in failures.enumerate() {
            if index < shown {
                self.write_failure(out, check, &failure.text(), explanations.get(&check.id()))?;
            } else {
                more += 1;
            }
        }
        self.write_end(out, more)
    }

    fn start_up(&self) -> Option<&Outcome> {
        self.outcomes.first().filter(|outcome| outcome.check.name == START_UP.name)
    }

    fn write_end(&self, out: &mut dyn Write, more: usize) -> io::Result<()> {
        writeln!(out)?;
        for outcome in &self.outcomes {
            if let Verdict::Inconclusive(reason) = &outcome.verdict {
                let id = outcome.check.id();
                self.paragraph(out, "inconclusive: ", &format!("{id}: {reason}"))?;
            }
            if let (true, Some(residue), Some(charged)) =
                (self.partial, outcome.residue, self.lab.residue_check)
            {
                let id = outcome.check.id();
                let left = residue_text(residue);
                let text = format!("{id} left {left}; in a full run {charged} would fail");
                self.paragraph(out, "note: ", &text)?;
            }
        }
        if self.summary() == Summary::Interrupted {
            writeln!(out, "{ODD}interrupted{ODD:#}: the results above are incomplete")?;
        }
        let (got, all) = self.score();
        let colour = if got == all { GOOD } else { BAD };
        write!(out, "{STRONG}{colour}Score {got} of {all}{colour:#}{STRONG:#}")?;
        for category in Category::ALL {
            let (got, all) = self.score_in(category);
            if all > 0 {
                write!(out, " · {} {got}/{all}", category.name())?;
            }
        }
        writeln!(out)?;
        if more > 0 {
            let lab = self.lab.number;
            writeln!(out, "{more} more failed: cargo grader check {lab}{} --full", self.flags)?;
        }
        Ok(())
    }

    /// Writes one failure in full.
    ///
    /// # Errors
    ///
    /// `out` cannot be written to.
    pub fn write_failure(
        &self,
        out: &mut dyn Write,
        check: &Check,
        failure: &FailureText,
        explanation: Option<&CheckExplanation>,
    ) -> io::Result<()> {
        writeln!(out)?;
        let title = format!("{}: {}", check.id(), check.rule);
        for (index, line) in wrap(&title, wrap_options(WIDTH - 2)).into_iter().enumerate() {
            let mark = if index == 0 { "✗ " } else { "  " };
            writeln!(out, "{BAD}{mark}{line}{BAD:#}")?;
        }
        let paragraphs = |lines: &[String]| lines.iter().cloned().map(Item::Paragraph).collect();
        let steps = failure.steps.iter().zip(1..);
        let steps = steps.map(|(step, number)| Item::Numbered(number, step.clone()));
        write_part(out, "What the grader did", steps.collect())?;
        let one_of = if failure.expected.len() > 1 { "Expected, one of" } else { "Expected" };
        write_part(out, one_of, paragraphs(&failure.expected))?;
        let observed = failure.observed.iter().map(|line| match line {
            Line::Prose(text) => Item::Paragraph(text.clone()),
            Line::Aligned(text) => Item::Verbatim(text.clone()),
        });
        write_part(out, "Observed", observed.collect())?;
        write_part(out, "Evidence", paragraphs(&failure.evidence))?;
        let why = explanation.map(|explanation| explanation.why.clone()).unwrap_or_default();
        for (heading, text) in [("Likely cause", failure.cause.clone()), ("Why it matters", why)] {
            if !text.is_empty() {
                write_part(out, heading, vec![Item::Paragraph(text)])?;
            }
        }
        write_part(out, "What to do next", self.next_steps(check, explanation))?;
        let by_hand = explanation.map(|explanation| &explanation.by_hand[..]).unwrap_or_default();
        if !by_hand.is_empty() {
            writeln!(out, "  {STRONG}Try it by hand{STRONG:#}")?;
            for line in by_hand {
                writeln!(out, "    {line}")?;
            }
        }
        Ok(())
    }

    /// What a student can do next after a failure.
    fn next_steps(&self, check: &Check, explanation: Option<&CheckExplanation>) -> Vec<Item> {
        let Self { lab, flags, seed, .. } = self;
        if check.name == START_UP.name {
            return vec![Item::Verbatim(format!("cargo grader check {}{flags}", lab.number))];
        }
        let again = format!(
            "cargo grader check {}{flags} --only {} --seed {seed:08x}",
            lab.number,
            check.id()
        );
        let sheet = format!("labs/{}/README.md, task {}", lab.folder(), check.task);
        let hint = explanation.and_then(|explanation| explanation.hints.first());
        let hint = match hint {
            Some(hint) => format!("hint: {hint} ({sheet})"),
            None => format!("see {sheet}"),
        };
        let slide = explanation.and_then(|explanation| explanation.slide.as_ref());
        let slide = slide.map(|slide| {
            let number = slide.deck.split('-').next().unwrap_or(&slide.deck);
            Item::Verbatim(format!("cargo slides {number}#{}    # explains it", slide.slide))
        });
        [Item::Verbatim(again), Item::Paragraph(hint)].into_iter().chain(slide).collect()
    }

    fn paragraph(&self, out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
        let indent = " ".repeat(label.len());
        let options = wrap_options(WIDTH).subsequent_indent(&indent);
        for line in wrap(&format!("{label}{text}"), options) {
            writeln!(out, "{ODD}{line}{ODD:#}")?;
        }
        Ok(())
    }
}

/// Breaks lines only at spaces, so that a path or an address stays whole and can be copied.
pub(crate) fn wrap_options(width: usize) -> Options<'static> {
    Options::new(width)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
}

/// One check on one line: mark, name in a column `names` wide, points, time, and a remark.
fn write_line(out: &mut dyn Write, outcome: &Outcome, names: usize) -> io::Result<()> {
    let check = outcome.check;
    let (mark, style, word) = match &outcome.verdict {
        Verdict::Passed if check.points == 0 => ("·", DIM, outcome.notes.join("; ")),
        Verdict::Passed => ("✓", GOOD, outcome.notes.join("; ")),
        Verdict::Failed(failure) => ("✗", BAD, failure.headline()),
        Verdict::Blocked { by } => ("-", DIM, format!("needs {}", by.name)),
        Verdict::Inconclusive(_) => ("?", ODD, "inconclusive: not charged, see below".to_owned()),
        Verdict::Interrupted => ("-", DIM, "not run".to_owned()),
    };
    let points = match check.points {
        0 => String::new(),
        points => format!("{}/{points}", outcome.points()),
    };
    let elapsed = if outcome.tries == 0 { String::new() } else { time(outcome.elapsed) };
    let tries = match outcome.tries {
        0 | 1 => String::new(),
        tries => format!("(try {tries}) "),
    };
    let name = check.name;
    let start = format!("  {mark} {name:<names$} {points:>5} {elapsed:>8}");
    let word = format!("{tries}{word}");
    let room = WIDTH - start.chars().count() - 2;
    let word = match &outcome.verdict {
        // Shown in full below, or with --full.
        Verdict::Failed(_) => printable(&word, room - 1),
        _ => word,
    };
    let mut lines = wrap(&word, wrap_options(room)).into_iter();
    let first = lines.next().unwrap_or_default();
    let line = format!("{start}  {first}");
    writeln!(out, "{style}{}{style:#}", line.trim_end())?;
    for line in lines {
        writeln!(out, "{style}{:width$}{line}{style:#}", "", width = WIDTH - room)?;
    }
    Ok(())
}

/// An item in a section of a failure report.
enum Item {
    /// Wrapped; all lines are indented like the first.
    Paragraph(String),
    /// A numbered step, wrapped below its text.
    Numbered(usize, String),
    /// On one line, however long: bytes that line up, and commands to copy.
    Verbatim(String),
}

/// Writes a heading and its items; nothing if there are no items.
fn write_part(out: &mut dyn Write, heading: &str, items: Vec<Item>) -> io::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {STRONG}{heading}{STRONG:#}")?;
    for item in items {
        let (text, first, next) = match item {
            Item::Verbatim(text) => {
                writeln!(out, "    {text}")?;
                continue;
            }
            Item::Paragraph(text) => {
                let own = text.len() - text.trim_start().len();
                (text.trim_start().to_owned(), 4 + own, 4 + own)
            }
            Item::Numbered(number, text) => (format!("{number}. {text}"), 4, 7),
        };
        let (first, next) = (" ".repeat(first), " ".repeat(next));
        let options = wrap_options(WIDTH).initial_indent(&first).subsequent_indent(&next);
        for line in wrap(&text, options) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
