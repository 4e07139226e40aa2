//! The plots of the results.

use super::plot::{Plot, Series};
use crate::bench::numbers::{short_time, thousands};
use crate::bench::results::{ACTIVE, Point, Results, Sample, Scenario};
use crate::bench::summary::MIN_CONNECTIONS_FOR_MEMORY;

/// All plots that have data.
pub(super) fn plots(results: &Results) -> Vec<Plot> {
    let connections = |point: &Point| thousands(point.connections);
    let idle = |point: &Point| thousands(point.connections - point.active);
    let ping_pong = points(results, Scenario::PingPong);
    let beside_idle = points(results, Scenario::Idle);
    let mut large = ping_pong.clone();
    large.retain(|point| point.connections >= MIN_CONNECTIONS_FOR_MEMORY);
    let across = "clients that ask";
    let plots = [
        Plot {
            name: "cpu",
            title: "CPU time for a round trip".to_owned(),
            across,
            up: "CPU time",
            labels: ping_pong.iter().map(connections).collect(),
            label_of: short_time,
            is_logarithmic: false,
            series: series(results, &ping_pong, |sample| sample.cpu / 1e9),
        },
        Plot {
            name: "idle",
            title: format!("CPU time for a round trip, {ACTIVE} clients among idle ones"),
            across: "idle clients",
            up: "CPU time",
            labels: beside_idle.iter().map(idle).collect(),
            label_of: short_time,
            is_logarithmic: false,
            series: series(results, &beside_idle, |sample| sample.cpu / 1e9),
        },
        Plot {
            name: "rate",
            title: "Round trips a second".to_owned(),
            across,
            up: "round trips a second",
            labels: ping_pong.iter().map(connections).collect(),
            label_of: |number| thousands(number as usize),
            is_logarithmic: false,
            series: series(results, &ping_pong, |sample| sample.rate),
        },
        Plot {
            name: "p99",
            title: "Latency at the 99th percentile".to_owned(),
            across,
            up: "latency",
            labels: ping_pong.iter().map(connections).collect(),
            label_of: short_time,
            is_logarithmic: true,
            series: series(results, &ping_pong, |sample| sample.latency.p99.as_secs_f64()),
        },
        Plot {
            name: "memory",
            title: "The server's memory per connection".to_owned(),
            across: "connections",
            up: "memory",
            labels: large.iter().map(connections).collect(),
            label_of: decimal_size,
            is_logarithmic: true,
            series: series(results, &large, |sample| sample.memory_busy.max(1.0)),
        },
    ];
    plots.into_iter().filter(|plot| !plot.series.is_empty()).collect()
}

fn points(results: &Results, scenario: Scenario) -> Vec<Point> {
    let mut points = results.points();
    points.retain(|point| point.scenario == scenario);
    points
}

/// A series for each program that was measured at any of the `points`.
fn series(results: &Results, points: &[Point], number: fn(&Sample) -> f64) -> Vec<Series> {
    let all = (0..results.programs.len()).map(|program| {
        let figures = points.iter().enumerate().filter_map(|(place, point)| {
            let mut measurements = results.at(*point).into_iter();
            let measurement = measurements.find(|measurement| measurement.program == program)?;
            Some((place, measurement.figure(number)?))
        });
        Series { program, figures: figures.collect() }
    });
    all.filter(|series| !series.figures.is_empty()).collect()
}

/// A number of bytes on a logarithmic axis.
fn decimal_size(bytes: f64) -> String {
    match bytes {
        ..1e3 => format!("{bytes:.0} B"),
        ..1e6 => format!("{:.0} kB", bytes / 1e3),
        _ => format!("{:.0} MB", bytes / 1e6),
    }
}
