//! What `watch` shows: a report or another text, the keys, and a line that says what is running. Without a terminal,
//! only the reports, one after the other.

use std::io::{self, Write};
use std::rc::Rc;

use anstream::AutoStream;
use anyhow::Result;
use course::text::{count, printable};

use super::event::Troubled;
use super::runner::{SPINNERS, STRESS_RUNS};
use crate::report::{Detail, Report};
use crate::style::{self, BAD, DIM, GOOD, ODD};

const KEYS: [&str; 11] = [
    "h hint",
    "e explain",
    "f full report",
    "t transcript",
    "l list",
    "n next task",
    "a all checks",
    "s stress",
    "r rerun",
    "w web page",
    "q quit",
];

/// The result of a run.
pub(super) enum View {
    /// The compiler's errors, or the grader's.
    Errors(String),
    Report {
        report: Rc<Report>,
        /// Whether all that failed belongs to later tasks.
        is_later: bool,
    },
    /// The checks that did not pass in every run under load.
    Stressed(Vec<Troubled>),
}

pub(super) struct Screen {
    /// Whether there is a terminal.
    is_terminal: bool,
    /// Whether files are compared, because the kernel reports no changes.
    polls: bool,
    view: Option<View>,
    /// A text shown over the view until the next run ends.
    over: Option<Vec<u8>>,
    /// Whether all failures are shown in full.
    is_full: bool,
    status: String,
}

impl Screen {
    pub(super) fn new(is_terminal: bool, polls: bool) -> Self {
        let status = String::new();
        Self { is_terminal, polls, view: None, over: None, is_full: false, status }
    }

    /// Shows the result of a run.
    pub(super) fn show(&mut self, view: View) -> Result<()> {
        self.view = Some(view);
        self.over = None;
        "waiting for changes".clone_into(&mut self.status);
        if self.is_terminal {
            return self.redraw();
        }
        let mut text = Vec::new();
        self.write_view(&mut text)?;
        let mut out = anstream::stdout().lock();
        out.write_all(&text)?;
        writeln!(out)?;
        Ok(out.flush()?)
    }

    /// Shows over the result what `write` writes in the width that it is given.
    pub(super) fn show_over(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>, usize) -> io::Result<()>,
    ) -> Result<()> {
        let mut text = Vec::new();
        write(&mut text, style::width())?;
        self.over = Some(text);
        self.redraw()
    }

    pub(super) fn show_report(&mut self) -> Result<()> {
        self.over = None;
        self.redraw()
    }

    pub(super) fn toggle_full(&mut self) -> Result<()> {
        self.is_full = !self.is_full;
        self.show_report()
    }

    /// Says what is running.
    pub(super) fn status(&mut self, status: String) -> Result<()> {
        self.status = status;
        if self.is_terminal {
            let mut text = b"\r\x1b[K".to_vec();
            self.write_status(&mut text)?;
            write(&text)?;
        }
        Ok(())
    }

    /// Says something in the line that says what is running.
    pub(super) fn note(&mut self, note: &str) -> Result<()> {
        self.status(note.to_owned())
    }

    /// Draws everything again, in a single write, so that nothing flickers.
    pub(super) fn redraw(&self) -> Result<()> {
        if !self.is_terminal {
            return Ok(());
        }
        let mut text = b"\x1b[H\x1b[2J".to_vec();
        match &self.over {
            Some(over) => text.extend(over),
            None => self.write_view(&mut text)?,
        }
        writeln!(text)?;
        for line in lines_of(&KEYS, style::width()) {
            writeln!(text, "{DIM}{line}{DIM:#}")?;
        }
        self.write_status(&mut text)?;
        write(&text)
    }

    /// Leaves the cursor on a line of its own.
    pub(super) fn end(&self) -> Result<()> {
        if self.is_terminal {
            write(b"\r\x1b[K")?;
        }
        Ok(())
    }

    fn write_status(&self, out: &mut dyn Write) -> io::Result<()> {
        let poll = if self.polls { "comparing the files twice a second; " } else { "" };
        let text = printable(&format!("{poll}{}", self.status), style::width() - 2);
        write!(out, "{ODD}{text}{ODD:#}")
    }

    fn write_view(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.view {
            None => Ok(()),
            Some(View::Errors(errors)) => out.write_all(errors.as_bytes()),
            Some(View::Report { report, is_later }) => {
                let detail = match (self.is_full, is_later) {
                    (true, _) => Detail::All,
                    (false, true) => Detail::None,
                    (false, false) => Detail::First,
                };
                report.write(out, detail, style::width())
            }
            Some(View::Stressed(failed)) => write_stressed(out, failed),
        }
    }
}

/// `items` in lines of at most `width` characters.
fn lines_of(items: &[&str], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 3 + item.len() <= width => {
                *line += &format!(" · {item}");
            }
            _ => lines.push((*item).to_owned()),
        }
    }
    lines
}

fn write_stressed(out: &mut dyn Write, troubled: &[Troubled]) -> io::Result<()> {
    let load = format!("{STRESS_RUNS} runs beside {SPINNERS} busy processes");
    if troubled.is_empty() {
        return writeln!(out, "{GOOD}✓{GOOD:#} {load}: every check passed every time");
    }
    writeln!(out, "{load}:")?;
    for Troubled { check, failed, inconclusive } in troubled {
        let id = check.id();
        if *failed > 0 {
            writeln!(out, "  {BAD}✗{BAD:#} {id} failed in {}", count(*failed as usize, "run"))?;
        }
        if *inconclusive > 0 {
            let runs = count(*inconclusive as usize, "run");
            writeln!(out, "  {ODD}?{ODD:#} {id} was inconclusive in {runs}")?;
        }
    }
    Ok(())
}

/// Writes to the terminal, with colours if it has them, in one piece.
fn write(text: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    let choice = AutoStream::choice(&out);
    let plain = choice == anstream::ColorChoice::Never;
    if plain {
        out.write_all(&without_colours(text))?;
    } else {
        out.write_all(text)?;
    }
    Ok(out.flush()?)
}

/// `text` without colours, but with the sequences that move the cursor.
fn without_colours(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.windows(2).position(|pair| pair == b"\x1b[") {
        let (before, sequence) = rest.split_at(begin);
        out.extend(before);
        let end = sequence[2..].iter().position(u8::is_ascii_alphabetic).map_or(2, |end| end + 3);
        if sequence.get(end - 1) != Some(&b'm') {
            out.extend(&sequence[..end]);
        }
        rest = &sequence[end..];
    }
    out.extend(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_removed_and_the_cursor_still_moves() {
        assert_eq!(
            without_colours(b"\x1b[H\x1b[2J\x1b[31ma\x1b[0mb\r\x1b[K"),
            b"\x1b[H\x1b[2Jab\r\x1b[K"
        );
        assert_eq!(without_colours(b"plain"), b"plain");
        assert_eq!(without_colours(b"\x1b["), b"\x1b[");
    }
}
