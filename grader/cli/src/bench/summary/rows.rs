//! Rows of numbers.

use std::time::Duration;

use course::text::size;

use crate::bench::numbers::{short_time, thousands};
use crate::bench::results::{Figure, Measurement, Point, Results, Sample, Scenario};

/// With fewer requests, p99 would be one of the five slowest.
pub(super) const MIN_REQUESTS_FOR_P99: u64 = 500;

/// With this many connections, a server's base memory is small compared with theirs.
pub(crate) const MIN_CONNECTIONS_FOR_MEMORY: usize = 1000;

/// The columns of [`time_row`].
pub(crate) const TIME_COLUMNS: [&str; 9] =
    ["trips/s", "±", "p50", "p99", "p99.9", "worst", "CPU/trip", "±", "ratio"];

/// The columns of [`memory_rows`].
pub(crate) const MEMORY_COLUMNS: [&str; 6] =
    ["", "connections", "connect", "memory, idle", "memory, busy", "threads"];

/// What the memory of a connection includes.
pub(crate) const MEMORY_NOTE: &str = "memory: the server's own (Pss_Anon and Pss_Shmem) per connection, without the \
                                      kernel's memory for sockets and threads";

/// The row of one program at one point; `None` if it was not measured.
pub(crate) fn time_row(results: &Results, measurement: &Measurement) -> Option<[String; 9]> {
    let at_point = results.at(measurement.point);
    let first = at_point.into_iter().find(|other| !other.samples.is_empty())?;
    let rate = measurement.figure(|sample| sample.rate)?;
    let cpu = measurement.figure(|sample| sample.cpu / 1e9)?;
    let spread = |figure: Figure| match measurement.samples.len() {
        1 => "–".to_owned(),
        _ => format!("{:.0}%", 100.0 * figure.spread()),
    };
    // With too few requests a percentile is one of the slowest, and says little.
    let fewest = measurement.samples.iter().map(|sample| sample.round_trips).min()?;
    let percentile = |time: fn(&Sample) -> Duration, min_requests: u64| {
        let figure = measurement.figure(|sample| time(sample).as_secs_f64());
        let figure = figure.filter(|_| fewest >= min_requests);
        figure.map_or_else(|| "–".to_owned(), |figure| short_time(figure.median))
    };
    let lower_bound = if measurement.is_saturated() { "≥" } else { "" };
    Some([
        format!("{lower_bound}{}", thousands(rate.median as usize)),
        spread(rate),
        percentile(|sample| sample.latency.p50, 1),
        percentile(|sample| sample.latency.p99, MIN_REQUESTS_FOR_P99),
        percentile(|sample| sample.latency.p999, 10 * MIN_REQUESTS_FOR_P99),
        short_time(measurement.worst()?.as_secs_f64()),
        short_time(cpu.median),
        spread(cpu),
        ratio(measurement, first),
    ])
}

/// `0.52`, or `≈0.98` if the rounds differ by more.
fn ratio(measurement: &Measurement, first: &Measurement) -> String {
    if measurement.program == first.program {
        return "1.00".to_owned();
    }
    let mark = if measurement.differs_from(first) { "" } else { "≈" };
    let ratio = measurement.cpu_ratio(first);
    ratio.map(|ratio| format!("{mark}{:.2}", ratio.median)).unwrap_or_default()
}

/// A row for each program at each point with many connections: its name, connections, the time to connect, memory per
/// connection when idle and when busy, threads.
pub(crate) fn memory_rows(results: &Results) -> Vec<[String; 6]> {
    let mut points = results.points();
    let is_ping_pong = |point: &Point| point.scenario == Scenario::PingPong;
    if points.iter().any(is_ping_pong) {
        points.retain(is_ping_pong);
    }
    let most = points.iter().map(|point| point.connections).max().unwrap_or(0);
    points.retain(|point| point.connections >= most.min(MIN_CONNECTIONS_FOR_MEMORY));
    let measurements = points.into_iter().flat_map(|point| results.at(point));
    let row = |measurement: &Measurement| {
        let median = |number: fn(&Sample) -> f64| Some(measurement.figure(number)?.median);
        Some([
            results.programs[measurement.program].clone(),
            thousands(measurement.point.connections),
            short_time(median(|sample| sample.connect.as_secs_f64())?),
            size(median(|sample| sample.memory_idle)? as u64),
            size(median(|sample| sample.memory_busy)? as u64),
            thousands(median(|sample| sample.threads as f64)? as usize),
        ])
    };
    measurements.filter_map(row).collect()
}
