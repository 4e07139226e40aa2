//! The samples of one program at one point, and how they compare with another program's.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::not_measured::NotMeasured;
use super::point::Point;
use crate::bench::load::Latency;

/// A thread that is busy for a larger share of its time is saturated.
pub(crate) const FULL: f64 = 0.95;

/// With fewer rounds than this, programs are not ranked.
pub(crate) const ROUNDS_TO_RANK: usize = 3;

/// The measurement of one program at one point.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measurement {
    /// The index of the program in [`super::Results::programs`].
    #[serde(rename = "subject")]
    pub program: usize,
    pub point: Point,
    /// Planned requests a second, with [`super::Scenario::FixedRate`].
    pub rate: Option<f64>,
    pub samples: Vec<Sample>,
    /// Why the program was not measured, if so.
    #[serde(rename = "trouble")]
    pub not_measured: Option<NotMeasured>,
}

/// The measurement of one round, on a server that was started for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Samples of the same round were taken within a short time.
    pub round: u32,
    pub round_trips: u64,
    /// Round trips a second.
    pub rate: f64,
    /// From the moment of sending; with [`super::Scenario::FixedRate`], from the planned moment.
    pub(crate) latency: Latency,
    /// With [`super::Scenario::FixedRate`]: the same requests, from the moment of sending.
    pub(crate) from_sending: Option<Latency>,
    /// The server's CPU time per round trip, in nanoseconds.
    pub cpu: f64,
    /// The load generator's CPU time per round trip, in nanoseconds.
    pub load_cpu: f64,
    /// The share of its CPUs that the server used, 0 to 1.
    pub server_busy: f64,
    /// The share of the time in which the load generator's busiest thread had work to do, 0 to 1.
    pub load_busy: f64,
    /// How late the load generator was, at the 99th percentile.
    pub late: Option<Duration>,
    /// The server's memory (Pss_Anon and Pss_Shmem) per connection, in bytes: when it had accepted all and few had sent
    /// anything, and after the measurement.
    pub memory_idle: f64,
    pub memory_busy: f64,
    /// The server's threads, in all its processes.
    pub threads: usize,
    /// From the first connect until the server had accepted all connections.
    pub connect: Duration,
}

impl Measurement {
    /// The figure of `number` over all samples.
    pub fn figure(&self, number: impl Fn(&Sample) -> f64) -> Option<Figure> {
        Figure::of(self.samples.iter().map(number))
    }

    /// The worst latency of all samples.
    pub fn worst(&self) -> Option<Duration> {
        self.samples.iter().map(|sample| sample.latency.worst).max()
    }

    /// Whether the load generator was at its limit in most rounds. Then the server could have done more, and part of
    /// the latency is the load generator's own.
    pub fn is_saturated(&self) -> bool {
        let is_late =
            |sample: &Sample| sample.late.is_some_and(|late| late > sample.latency.p99 / 2);
        let saturated = |sample: &&Sample| sample.load_busy > FULL || is_late(sample);
        2 * self.samples.iter().filter(saturated).count() > self.samples.len()
    }

    /// CPU time per round trip divided by that of `other`, round by round: what slows down a round slows both.
    fn cpu_ratios(&self, other: &Self) -> Vec<f64> {
        let ratio = |sample: &Sample| {
            let peer = other.samples.iter().find(|peer| peer.round == sample.round)?;
            Some(sample.cpu / peer.cpu)
        };
        self.samples.iter().filter_map(ratio).collect()
    }

    /// The ratio of CPU time per round trip to that of `other`, over all rounds.
    pub fn cpu_ratio(&self, other: &Self) -> Option<Figure> {
        Figure::of(self.cpu_ratios(other))
    }

    /// Whether the two programs differ by more than the rounds do. All rounds must agree on which needs less CPU time,
    /// and the median difference must be more than twice the mean distance of a round from it. Differences are
    /// logarithms of ratios, so that the comparison is symmetric.
    pub fn differs_from(&self, other: &Self) -> bool {
        let ratios: Vec<f64> = self.cpu_ratios(other).into_iter().map(f64::ln).collect();
        let Some(Figure { median, min, max }) = Figure::of(ratios.iter().copied()) else {
            return false;
        };
        let away: f64 = ratios.iter().map(|ratio| (ratio - median).abs()).sum();
        ratios.len() >= ROUNDS_TO_RANK
            && (max < 0.0 || min > 0.0)
            && median.abs() > 2.0 * away / ratios.len() as f64
    }
}
