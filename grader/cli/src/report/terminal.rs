//! A report for people, at most 80 columns wide.

use std::io::{self, Write};

use textwrap::{Options, WordSeparator, WordSplitter, wrap};

use course::explanations::{CheckExplanation, Explanations};
use course::labs::Category;
use course::text::{printable, time};
use engine::lab::Check;
use engine::run::{Outcome, START_UP, Verdict};
use engine::verdict::{FailureKind, FailureText, Line, residue_text};

use super::model::{NextStep, Report, Summary};
use crate::style::{BAD, DIM, GOOD, ODD, STRONG};

/// Which failures a report shows in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    None,
    First,
    All,
}

impl Report {
    /// Writes the report in `width` columns, with as many failures in full as `detail` says.
    ///
    /// # Errors
    ///
    /// `out` cannot be written to.
    pub fn write(&self, out: &mut dyn Write, detail: Detail, width: usize) -> io::Result<()> {
        let Self { lab, program, seed, .. } = self;
        let title = format!("Lab {} · {} · {program}", lab.digits(), lab.title);
        let seed = format!("seed {seed:08x}");
        let room = width.saturating_sub(seed.len() + 1);
        let title = printable(&title, room.saturating_sub(1));
        writeln!(out, "{STRONG}{title:<room$}{STRONG:#} {DIM}{seed}{DIM:#}")?;
        for remark in &self.remarks {
            paragraph(out, "note: ", remark, width)?;
        }
        let names = self.outcomes.iter().map(|outcome| outcome.check.name.len()).max().unwrap_or(0);
        for task in lab.tasks {
            let of_task: Vec<_> =
                self.outcomes.iter().filter(|outcome| outcome.check.task == task.number).collect();
            if of_task.is_empty() || self.start_up().is_some() {
                continue;
            }
            let kind = if task.core { "" } else { " (robust)" };
            writeln!(out)?;
            let title = format!("Task {} {}{kind}", task.number, task.title);
            for line in wrap(&title, wrap_options(width)) {
                writeln!(out, "{STRONG}{line}{STRONG:#}")?;
            }
            for outcome in of_task {
                write_line(out, outcome, names, width)?;
            }
        }
        let explanations = Explanations::parse(lab.explanations).unwrap_or_default();
        let shown = match detail {
            Detail::None => 0,
            Detail::First => 1,
            Detail::All => usize::MAX,
        };
        let mut more = 0;
        for (index, (check, failure)) in self.failures().enumerate() {
            if index < shown {
                let explanation = explanations.get(&check.id());
                match &failure.kind {
                    FailureKind::NotWritten { todo, place, .. } => {
                        self.write_gap(out, check, todo, place.as_deref(), width)?;
                    }
                    _ => self.write_failure(out, check, &failure.text(), explanation, width)?,
                }
            } else {
                more += 1;
            }
        }
        self.write_end(out, detail, more, width)
    }

    fn start_up(&self) -> Option<&Outcome> {
        self.outcomes.first().filter(|outcome| outcome.check.name == START_UP.name)
    }

    fn write_end(
        &self,
        out: &mut dyn Write,
        detail: Detail,
        more: usize,
        width: usize,
    ) -> io::Result<()> {
        writeln!(out)?;
        for outcome in &self.outcomes {
            if let Verdict::Inconclusive(reason) = &outcome.verdict {
                let id = outcome.check.id();
                paragraph(out, "inconclusive: ", &format!("{id}: {reason}"), width)?;
            }
            if let (true, Some(residue), Some(charged)) =
                (self.partial, outcome.residue, self.lab.residue_check)
            {
                let id = outcome.check.id();
                let left = residue_text(residue);
                let text = format!("{id} left {left}; in a full run {charged} would fail");
                paragraph(out, "note: ", &text, width)?;
            }
        }
        if self.summary() == Summary::Interrupted {
            writeln!(out, "{ODD}interrupted{ODD:#}: the results above are incomplete")?;
        }
        let (got, all) = self.score();
        let colour = if got == all { GOOD } else { BAD };
        let mut line = format!("{STRONG}{colour}Score {got} of {all}{colour:#}{STRONG:#}");
        let mut used = format!("Score {got} of {all}").chars().count();
        for category in Category::ALL {
            let (got, all) = self.score_in(category);
            if all == 0 {
                continue;
            }
            let part = format!(" · {} {got}/{all}", category.name());
            if used + part.chars().count() > width {
                line.push('\n');
                used = 0;
            }
            used += part.chars().count();
            line += &part;
        }
        writeln!(out, "{line}")?;
        if more > 0 && detail == Detail::First {
            let (lab, flags) = (self.lab.number, &self.flags);
            let command = format!("cargo grader check {lab}{flags} --full");
            write_command(out, &format!("{more} more failed; to see all:"), &command, width)?;
        }
        self.next.as_ref().map_or(Ok(()), |next| next.write(out, width))
    }

    /// Writes a failure in a part that is not written yet: only the missing part and its place. What the
    /// grader saw would point to a different mistake.
    fn write_gap(
        &self,
        out: &mut dyn Write,
        check: &Check,
        todo: &str,
        place: Option<&str>,
        width: usize,
    ) -> io::Result<()> {
        write_title(out, check, width)?;
        let place = place.map(|place| Item::Verbatim(format!("{place}:")));
        let gap = Item::Paragraph(format!("todo!(\"{todo}\")"));
        write_part(out, "Not written yet", place.into_iter().chain([gap]).collect(), width)?;
        let read = format!("cargo grader next {}    # shows the task", self.lab.number);
        let mut next: Vec<_> =
            self.task_of_gap(check, todo).map(Item::Paragraph).into_iter().collect();
        next.extend([Item::Verbatim(read), Item::Verbatim(self.again(check))]);
        write_part(out, "What to do next", next, width)
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
        width: usize,
    ) -> io::Result<()> {
        write_title(out, check, width)?;
        let paragraphs = |lines: &[String]| lines.iter().cloned().map(Item::Paragraph).collect();
        let steps = failure.steps.iter().zip(1..);
        let steps = steps.map(|(step, number)| Item::Numbered(number, step.clone()));
        write_part(out, "What the grader did", steps.collect(), width)?;
        let one_of = if failure.expected.len() > 1 { "Expected, one of" } else { "Expected" };
        write_part(out, one_of, paragraphs(&failure.expected), width)?;
        let observed = failure.observed.iter().map(|line| match line {
            Line::Prose(text) => Item::Paragraph(text.clone()),
            Line::Aligned(text) => Item::Verbatim(text.clone()),
        });
        write_part(out, "Observed", observed.collect(), width)?;
        write_part(out, "Evidence", paragraphs(&failure.evidence), width)?;
        let why = explanation.map(|explanation| explanation.why.clone()).unwrap_or_default();
        for (heading, text) in [("Likely cause", failure.cause.clone()), ("Why it matters", why)] {
            if !text.is_empty() {
                write_part(out, heading, vec![Item::Paragraph(text)], width)?;
            }
        }
        write_part(out, "What to do next", self.next_steps(check, explanation), width)?;
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
        let lab = self.lab;
        if check.name == START_UP.name {
            return vec![Item::Verbatim(self.again(check))];
        }
        let sheet = format!("labs/{}/README.md, task {}", lab.folder(), check.task);
        let hint = explanation.and_then(|explanation| explanation.hints.first());
        let hint = match hint {
            Some(hint) => format!("hint: {hint} ({sheet})"),
            None => format!("see {sheet}"),
        };
        let slide = explanation.and_then(|explanation| explanation.slide.as_ref());
        let slide =
            slide.map(|slide| Item::Verbatim(format!("{}    # explains it", slide.command())));
        [Item::Verbatim(self.again(check)), Item::Paragraph(hint)]
            .into_iter()
            .chain(slide)
            .collect()
    }
}

fn paragraph(out: &mut dyn Write, label: &str, text: &str, width: usize) -> io::Result<()> {
    let indent = " ".repeat(label.len());
    let options = wrap_options(width).subsequent_indent(&indent);
    for line in wrap(&format!("{label}{text}"), options) {
        writeln!(out, "{ODD}{line}{ODD:#}")?;
    }
    Ok(())
}

impl NextStep {
    /// Writes it in `width` columns.
    ///
    /// # Errors
    ///
    /// `out` cannot be written to.
    pub(crate) fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        write_command(out, &self.text, self.command.as_deref().unwrap_or_default(), width)
    }
}

/// Writes `text` and a command, which stays on one line, so that it can be copied.
fn write_command(out: &mut dyn Write, text: &str, command: &str, width: usize) -> io::Result<()> {
    let line = format!("{text} {command}");
    if line.chars().count() <= width {
        return writeln!(out, "{}", line.trim_end());
    }
    for line in wrap(text, wrap_options(width)) {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "  {command}")
}

/// Writes the first lines of a failure: the check and its rule.
fn write_title(out: &mut dyn Write, check: &Check, width: usize) -> io::Result<()> {
    writeln!(out)?;
    let title = format!("{}: {}", check.id(), check.rule);
    for (index, line) in wrap(&title, wrap_options(width - 2)).into_iter().enumerate() {
        let mark = if index == 0 { "✗ " } else { "  " };
        writeln!(out, "{BAD}{mark}{line}{BAD:#}")?;
    }
    Ok(())
}

/// Breaks lines only at spaces, so that a path or an address stays whole and can be copied.
pub(crate) fn wrap_options(width: usize) -> Options<'static> {
    Options::new(width)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
}

/// One check on one line: mark, name in a column `names` wide, points, time, and a remark. The remark continues on
/// further lines, or begins there if the first has no space for it.
fn write_line(
    out: &mut dyn Write,
    outcome: &Outcome,
    names: usize,
    width: usize,
) -> io::Result<()> {
    /// The narrowest useful column for remarks.
    const MIN_REMARK: usize = 24;
    let check = outcome.check;
    let points = match check.points {
        0 => String::new(),
        points => format!("{}/{points}", outcome.points()),
    };
    let elapsed = if outcome.tries == 0 { String::new() } else { time(outcome.elapsed) };
    let tries = match outcome.tries {
        0 | 1 => String::new(),
        tries => format!("(try {tries}) "),
    };
    let (mark, style) = match &outcome.verdict {
        Verdict::Passed if check.points == 0 => ("·", DIM),
        Verdict::Passed => ("✓", GOOD),
        Verdict::Failed(_) => ("✗", BAD),
        Verdict::Inconclusive(_) => ("?", ODD),
        Verdict::Blocked { .. } | Verdict::Interrupted => ("-", DIM),
    };
    let mut start = format!("  {mark} {:<names$} {points:>5} {elapsed:>8}", check.name);
    if start.chars().count() > width {
        start = format!("  {mark} {:<names$} {points:>5}", check.name);
    }
    let beside = width.saturating_sub(start.chars().count() + 2);
    let indent = if beside >= MIN_REMARK { width - beside } else { 6 };
    let remark = match &outcome.verdict {
        Verdict::Passed => outcome.notes.join("; "),
        // Shown in full below, or with --full.
        Verdict::Failed(failure) => failure.summary(width - indent - tries.len()),
        Verdict::Blocked { by } => format!("not run: needs {}", by.name),
        Verdict::Inconclusive(_) => "inconclusive, see below".to_owned(),
        Verdict::Interrupted => "not run".to_owned(),
    };
    let remark = format!("{tries}{remark}");
    let mut lines = wrap(&remark, wrap_options(width - indent)).into_iter();
    let first = if beside >= MIN_REMARK { lines.next().unwrap_or_default() } else { "".into() };
    let line = format!("{start}  {first}");
    writeln!(out, "{style}{}{style:#}", line.trim_end())?;
    for line in lines.filter(|line| !line.is_empty()) {
        writeln!(out, "{style}{:indent$}{line}{style:#}", "")?;
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
fn write_part(
    out: &mut dyn Write,
    heading: &str,
    items: Vec<Item>,
    width: usize,
) -> io::Result<()> {
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
        let options = wrap_options(width).initial_indent(&first).subsequent_indent(&next);
        for line in wrap(&text, options) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
