//! Results for people, 80 columns wide.

use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSplitter, wrap};

use super::results::{Cell, Figure, Point, Results, Sample, Scenario, thousands};
use crate::capture::size;

const WIDTH: usize = 80;
/// Of the column of names.
const NAME: usize = 14;

const ODD: Style = AnsiColor::Yellow.on_default();
const DIM: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// From so many connections on, what a server has in memory anyway is little beside them.
pub const ENOUGH_FOR_MEMORY: usize = 1000;

/// Writes everything.
///
/// # Errors
///
/// `out` takes no more.
pub fn write(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    paragraph(out, &results.machine.describe())?;
    paragraph(out, &conditions(results))?;
    for point in results.points() {
        writeln!(out, "\n{STRONG}{}{STRONG:#}", title(results, point))?;
        write_times(results, point, out)?;
    }
    write_memory(results, out)?;
    write_end(results, out)
}

/// How it was measured.
#[must_use]
pub fn conditions(results: &Results) -> String {
    let rounds = match results.rounds() {
        0 => "nothing measured".to_owned(),
        1 => "1 round".to_owned(),
        rounds => format!("medians of {rounds} rounds"),
    };
    let (bytes, each) = (results.bytes, crate::capture::time(results.measured));
    let commit = results.commit.as_deref().map(|commit| format!(", commit {commit}"));
    let commit = commit.unwrap_or_default();
    let begun = time::OffsetDateTime::from_unix_timestamp(results.begun.cast_signed());
    let begun = begun.map_or(String::new(), |at| {
        format!("; {} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
    });
    format!("{bytes} bytes there and back; {rounds}, {each} of each in turns{begun}{commit}")
}

/// What is done at `point`, in a line.
#[must_use]
pub fn title(results: &Results, point: Point) -> String {
    let clients = thousands(point.connections);
    match point.scenario {
        Scenario::PingPong if point.connections == 1 => "1 client asks and asks again".to_owned(),
        Scenario::PingPong => format!("{clients} clients, each asks again once it is answered"),
        Scenario::Idle => {
            let active = point.active;
            match point.connections - active {
                0 => format!("{active} clients ask, and no others are connected"),
                1 => format!("{active} clients ask, and 1 is connected and idle"),
                idle => {
                    format!("{active} clients ask, and {} are connected and idle", thousands(idle))
                }
            }
        }
        Scenario::FixedRate => {
            let rate = results.row_of(point).iter().find_map(|cell| cell.rate);
            let rate = rate.map_or("a fixed number of".to_owned(), |rate| thousands(rate as usize));
            format!("{rate} requests a second over {clients} clients, at planned moments")
        }
    }
}

fn write_times(results: &Results, point: Point, out: &mut dyn Write) -> io::Result<()> {
    let line = |style: Style, name: &str, row: &[&str; 9]| {
        let [rate, spread, p50, p99, p999, worst, cpu, cpu_spread, ratio] = *row;
        format!(
            "{style}{name:<NAME$}{rate:>9}{spread:>5}{p50:>8}{p99:>8}{p999:>8}{worst:>8}{cpu:>9}{cpu_spread:>5}\
             {ratio:>6}{style:#}"
        )
    };
    writeln!(out, "{}", line(DIM, "", &TIMES))?;
    for cell in results.row_of(point) {
        let name = crate::capture::printable(&results.subjects[cell.subject], NAME - 2);
        match times(results, cell) {
            Some(row) => {
                writeln!(
                    out,
                    "{}",
                    line(Style::new(), &name, &row.each_ref().map(String::as_str))
                )?;
            }
            None => write_trouble(cell, &name, out)?,
        }
    }
    let ranks = results.ranks(point);
    if ranks.iter().map(Vec::len).sum::<usize>() > 1 {
        paragraph(out, &format!("least CPU first: {}", ranking(results, &ranks)))?;
    }
    if let (Scenario::FixedRate, Some(text)) = (point.scenario, omission(results, point)) {
        paragraph(out, &text)?;
    }
    Ok(())
}

fn write_trouble(cell: &Cell, name: &str, out: &mut dyn Write) -> io::Result<()> {
    let Some(trouble) = &cell.trouble else { return Ok(()) };
    let text = trouble.short();
    for (index, line) in wrap(&text, WIDTH - NAME).into_iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        writeln!(out, "{name:<NAME$}{ODD}{line}{ODD:#}")?;
    }
    for line in trouble.last_words() {
        for line in wrap(line.trim(), WIDTH - NAME - 2) {
            writeln!(out, "{:<NAME$}  {DIM}{line}{DIM:#}", "")?;
        }
    }
    Ok(())
}

/// With fewer requests five or less were slower than p99.
const FOR_P99: u64 = 500;

/// The columns of [`times`].
pub const TIMES: [&str; 9] =
    ["trips/s", "±", "p50", "p99", "p99.9", "worst", "CPU/trip", "±", "ratio"];

/// The row of one subject at one point; none if it could not be measured.
#[must_use]
pub fn times(results: &Results, cell: &Cell) -> Option<[String; 9]> {
    let first = results.row_of(cell.point).into_iter().find(|cell| !cell.samples.is_empty())?;
    let (rate, cpu) = (cell.figure(|sample| sample.rate)?, cell.figure(|sample| sample.cpu / 1e9)?);
    let spread = |figure: Figure| match cell.samples.len() {
        1 => "–".to_owned(),
        _ => format!("{:.0}%", 100.0 * figure.spread()),
    };
    // Of fewer requests it would be one of the slowest, and say little.
    let least = cell.samples.iter().map(|sample| sample.round_trips).min()?;
    let at = |time: fn(&Sample) -> Duration, requests: u64| {
        let figure = cell.figure(|sample| time(sample).as_secs_f64());
        let shown = figure.filter(|_| least >= requests).map(|figure| short(figure.median));
        shown.unwrap_or_else(|| "–".to_owned())
    };
    Some([
        format!("{}{}", mark(cell), thousands(rate.median as usize)),
        spread(rate),
        at(|sample| sample.latency.p50, 1),
        at(|sample| sample.latency.p99, FOR_P99),
        at(|sample| sample.latency.p999, 10 * FOR_P99),
        short(cell.worst()?.as_secs_f64()),
        short(cpu.median),
        spread(cpu),
        ratio(cell, first),
    ])
}

/// Before a rate that says more of the load generator than of the server.
#[must_use]
pub fn mark(cell: &Cell) -> &'static str {
    if cell.is_saturated() { "≥" } else { "" }
}

/// `0.52`, or `≈0.98` where that is no more than the difference between rounds.
fn ratio(cell: &Cell, first: &Cell) -> String {
    if cell.subject == first.subject {
        return "1.00".to_owned();
    }
    let mark = if cell.differs_from(first) { "" } else { "≈" };
    cell.cpu_ratio(first).map(|ratio| format!("{mark}{:.2}", ratio.median)).unwrap_or_default()
}

/// `02 epoll ≈ 03 tokio < 01 threads`, where no line ends within a name.
#[must_use]
pub fn ranking(results: &Results, ranks: &[Vec<usize>]) -> String {
    let name = |&subject: &usize| results.subjects[subject].replace(' ', "\u{a0}");
    let groups = ranks.iter().map(|group| group.iter().map(name).collect::<Vec<_>>().join(" ≈ "));
    groups.collect::<Vec<_>>().join(" < ")
}

/// What a closed loop would not have seen, where it shows most.
#[must_use]
pub fn omission(results: &Results, point: Point) -> Option<String> {
    /// Below this two times are the same, as far as this can tell.
    const SAME: f64 = 1.1;
    let p99 = |cell: &Cell, time: fn(&Sample) -> Option<Duration>| {
        Figure::of(cell.samples.iter().filter_map(time).map(|time| time.as_secs_f64()))
    };
    let is_enough = |cell: &&Cell| cell.samples.iter().all(|sample| sample.round_trips >= FOR_P99);
    let compared = results.row_of(point).into_iter().filter(is_enough).filter_map(|cell| {
        let planned = p99(cell, |sample| Some(sample.latency.p99))?.median;
        let sent = p99(cell, |sample| Some(sample.from_sending?.p99))?.median;
        Some((planned / sent, planned, sent, cell.subject))
    });
    let (more, planned, sent, subject) = compared.max_by(|(a, ..), (b, ..)| a.total_cmp(b))?;
    let name = &results.subjects[subject];
    let mut text = format!(
        "{name}: p99 is {} counted from the planned moment, and {} from the moment of sending, as a closed loop counts",
        short(planned),
        short(sent)
    );
    text += if more > SAME {
        ". Who sends only after the last answer leaves out how long the next request had to wait (coordinated omission)"
    } else {
        ": nearly the same, since at this rate hardly a request had to wait for a client to be free"
    };
    let closed = Point { scenario: Scenario::PingPong, ..point };
    let closed = results.row_of(closed).into_iter().find(|cell| cell.subject == subject);
    if let Some(closed) = closed
        && let (Some(rate), Some(p99)) =
            (closed.figure(|sample| sample.rate), p99(closed, |sample| Some(sample.latency.p99)))
    {
        text += &format!(
            ". In the closed loop above it was {}, at {} a second: there each waits for all others",
            short(p99.median),
            thousands(rate.median as usize)
        );
    }
    Some(text)
}

fn write_memory(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    let rows = memory_rows(results);
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{STRONG}What connections cost{STRONG:#}")?;
    let mut line = |style: Style, row: &[&str; 6]| {
        let [name, connections, connect, idle, busy, threads] = *row;
        writeln!(
            out,
            "{style}{:<NAME$}{connections:>12}{connect:>10}{idle:>15}{busy:>15}{threads:>10}{style:#}",
            crate::capture::printable(name, NAME - 2)
        )
    };
    line(DIM, &["", "connections", "connect", "memory, idle", "memory, busy", "threads"])?;
    for row in &rows {
        line(Style::new(), &row.each_ref().map(String::as_str))?;
    }
    paragraph(out, MEMORY)
}

/// What the memory of a connection is.
pub const MEMORY: &str = "memory: of the server's own (Pss_Anon), for each connection; what the kernel holds for sockets and threads is not \
     in it";

/// Name, connections, time to connect, memory of each when idle and when busy, threads.
#[must_use]
pub fn memory_rows(results: &Results) -> Vec<[String; 6]> {
    let mut points = results.points();
    let is_ping_pong = |point: &Point| point.scenario == Scenario::PingPong;
    if points.iter().any(is_ping_pong) {
        points.retain(is_ping_pong);
    }
    let most = points.iter().map(|point| point.connections).max().unwrap_or(0);
    points.retain(|point| point.connections >= most.min(ENOUGH_FOR_MEMORY));
    let cells = points.into_iter().flat_map(|point| results.row_of(point));
    let row = |cell: &Cell| {
        let median = |number: fn(&Sample) -> f64| Some(cell.figure(number)?.median);
        Some([
            results.subjects[cell.subject].clone(),
            thousands(cell.point.connections),
            short(median(|sample| sample.connect.as_secs_f64())?),
            size(median(|sample| sample.memory_idle)? as u64),
            size(median(|sample| sample.memory_busy)? as u64),
            thousands(median(|sample| sample.threads as f64)? as usize),
        ])
    };
    cells.filter_map(row).collect()
}

fn write_end(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    for line in legend(results).iter().chain(&results.notes) {
        paragraph(out, line)?;
    }
    Ok(())
}

/// What the signs mean that are there.
#[must_use]
pub fn legend(results: &Results) -> Vec<String> {
    if results.rounds() == 0 {
        return vec!["nothing could be measured".to_owned()];
    }
    let mut lines = vec![
        "±: how far the round that differs most is from the median. worst: of all rounds. CPU/trip: CPU time of the \
         server for a round trip. ratio: of that to the first row's that was measured, round by round. ≈: no larger \
         difference than that between rounds, so nobody is ahead. –: too few to say"
            .to_owned(),
    ];
    if results.rounds() < super::results::ROUNDS_TO_RANK {
        lines.push(format!(
            "with fewer than {} rounds nothing can be said about noise: nobody is ranked",
            super::results::ROUNDS_TO_RANK
        ));
    }
    let costs = results.cells.iter().filter(|cell| cell.point.scenario == Scenario::PingPong);
    let costs = costs.filter(|cell| cell.point.connections == super::FIXED_RATE_CLIENTS);
    let cost =
        Figure::of(costs.filter_map(|cell| Some(cell.figure(|sample| sample.load_cpu)?.median)));
    if let Some(cost) = cost {
        lines.push(format!(
            "the load generator's own CPU time for a round trip: {} with {} clients",
            short(cost.median / 1e9),
            super::FIXED_RATE_CLIENTS
        ));
    }
    if results.cells.iter().any(Cell::is_saturated) {
        lines.push(
            "≥: the load generator was short of time: the server could have done more, and a part of these latencies is \
             the load generator's. Compare CPU/trip instead"
                .to_owned(),
        );
    }
    lines
}

/// A time in seconds, in at most three digits: `412 µs`, `1.24 ms`.
#[must_use]
pub fn short(seconds: f64) -> String {
    let (number, unit) = match seconds {
        0.0 => return "0".to_owned(),
        ..1e-6 => (seconds * 1e9, "ns"),
        ..1e-3 => (seconds * 1e6, "µs"),
        ..1.0 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    match number {
        ..9.995 => format!("{number:.2} {unit}"),
        ..99.95 => format!("{number:.1} {unit}"),
        _ => format!("{number:.0} {unit}"),
    }
}

fn paragraph(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let options = Options::new(WIDTH).subsequent_indent("  ");
    for line in wrap(text, options.word_splitter(WordSplitter::NoHyphenation)) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        assert_eq!(short(412e-6), "412 µs");
        assert_eq!(short(1.236e-3), "1.24 ms");
        assert_eq!(short(99.96e-6), "100 µs");
        assert_eq!(short(9.999e-3), "10.0 ms");
        assert_eq!(short(2.5), "2.50 s");
        assert_eq!(short(870e-9), "870 ns");
    }
}
