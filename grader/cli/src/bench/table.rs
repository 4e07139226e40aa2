//! Results for a terminal, 80 columns wide.

use std::io::{self, Write};

use anstyle::Style;
use course::text::printable;
use textwrap::{Options, WordSplitter, wrap};

use super::results::{Measurement, Point, Results};
use super::summary;
use crate::style::{DIM, ODD, STRONG, WIDTH};

/// The width of the column of names.
const NAME: usize = 14;

/// Writes the results.
///
/// # Errors
///
/// `out` cannot be written to.
pub(crate) fn write(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    paragraph(out, &results.machine.describe())?;
    paragraph(out, &summary::conditions(results))?;
    for point in results.points() {
        write_point(results, point, out)?;
    }
    write_memory(results, out)?;
    writeln!(out)?;
    for line in summary::legend(results).iter().chain(&results.notes) {
        paragraph(out, line)?;
    }
    Ok(())
}

fn write_point(results: &Results, point: Point, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{STRONG}{}{STRONG:#}", summary::title(results, point))?;
    write_times(out, DIM, "", &summary::TIME_COLUMNS)?;
    for measurement in results.at(point) {
        let name = printable(&results.programs[measurement.program], NAME - 2);
        match summary::time_row(results, measurement) {
            Some(row) => {
                write_times(out, Style::new(), &name, &row.each_ref().map(String::as_str))?;
            }
            None => write_not_measured(measurement, &name, out)?,
        }
    }
    if let Some(ranking) = summary::ranking(results, point) {
        paragraph(out, &format!("least CPU first: {ranking}"))?;
    }
    if let Some(text) = summary::coordinated_omission(results, point) {
        paragraph(out, &text)?;
    }
    Ok(())
}

fn write_times(out: &mut dyn Write, style: Style, name: &str, row: &[&str; 9]) -> io::Result<()> {
    let [rate, spread, p50, p99, p999, worst, cpu, cpu_spread, ratio] = *row;
    writeln!(
        out,
        "{style}{name:<NAME$}{rate:>9}{spread:>5}{p50:>8}{p99:>8}{p999:>8}{worst:>8}{cpu:>9}{cpu_spread:>5}\
         {ratio:>6}{style:#}"
    )
}

fn write_not_measured(
    measurement: &Measurement,
    name: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(reason) = &measurement.not_measured else { return Ok(()) };
    let text = reason.short();
    for (index, line) in wrap(&text, WIDTH - NAME).into_iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        writeln!(out, "{name:<NAME$}{ODD}{line}{ODD:#}")?;
    }
    for line in reason.last_words() {
        for line in wrap(line.trim(), WIDTH - NAME - 2) {
            writeln!(out, "{:<NAME$}  {DIM}{line}{DIM:#}", "")?;
        }
    }
    Ok(())
}

fn write_memory(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    let rows = summary::memory_rows(results);
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{STRONG}What connections cost{STRONG:#}")?;
    let mut line = |style: Style, row: &[&str; 6]| {
        let [name, connections, connect, idle, busy, threads] = *row;
        writeln!(
            out,
            "{style}{:<NAME$}{connections:>12}{connect:>10}{idle:>15}{busy:>15}{threads:>10}{style:#}",
            printable(name, NAME - 2)
        )
    };
    line(DIM, &summary::MEMORY_COLUMNS)?;
    for row in &rows {
        line(Style::new(), &row.each_ref().map(String::as_str))?;
    }
    paragraph(out, summary::MEMORY_NOTE)
}

fn paragraph(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let options = Options::new(WIDTH).subsequent_indent("  ");
    for line in wrap(text, options.word_splitter(WordSplitter::NoHyphenation)) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
