//! Chooses the fixed rate of requests, the same for all programs.

use super::numbers::thousands;
use super::results::{FIXED_RATE_CLIENTS, Figure, Measurement, Results, Scenario};

/// The rate if nothing is known about the programs' speed, in requests a second.
const MODEST: f64 = 5_000.0;

/// Chooses half of the slowest program's rate in the closed loop with as many clients, rounded down to two digits. So
/// no program is at its limit, and all get the same rate. Ignores programs slower than a tenth of the best. Adds a note
/// to `results`.
pub(super) fn fixed_rate(results: &mut Results) -> f64 {
    let is_alike = |measurement: &&Measurement| {
        measurement.point.scenario == Scenario::PingPong
            && measurement.point.connections == FIXED_RATE_CLIENTS
    };
    let alike = results.measurements.iter().filter(is_alike);
    let rates: Vec<f64> = alike
        .filter_map(|measurement| Some(measurement.figure(|sample| sample.rate)?.median))
        .collect();
    let best = rates.iter().copied().fold(0.0, f64::max);
    let keeping_up = Figure::of(rates.into_iter().filter(|rate| *rate > best / 10.0));
    let (half, why) = match keeping_up {
        Some(rates) => (rates.min / 2.0, "half of what the slowest did in the first round"),
        None => (MODEST, "a guess, as no program's speed is known; --rate sets it"),
    };
    let digits = 10_f64.powf(half.log10().floor() - 1.0);
    let rate = (half / digits).floor() * digits;
    let shown = thousands(rate as usize);
    results.notes.push(format!("the fixed rate of {shown} requests a second is {why}"));
    rate
}
