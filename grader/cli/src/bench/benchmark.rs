//! What a benchmark measures.

use std::ffi::OsString;
use std::time::Duration;

use engine::drive::Service;

use super::cpus::Cpus;
use super::results::{NotMeasured, Point};

/// How many descriptors a server or the load generator needs besides those of its clients.
pub(crate) const SPARE_DESCRIPTORS: usize = 64;

/// A program to measure.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The name of its rows.
    pub name: String,
    pub service: &'static Service,
    pub words: Vec<OsString>,
    /// Flags besides `--addr`.
    pub flags: &'static [&'static str],
    /// Why it cannot be measured at all, if so: it does not compile.
    pub not_measured: Option<NotMeasured>,
}

/// What is measured, and how.
#[derive(Clone, Debug)]
pub(crate) struct Benchmark {
    pub programs: Vec<Program>,
    pub points: Vec<Point>,
    pub rounds: u32,
    /// How long the load generator sends before each sample, and during each.
    pub warm_up: Duration,
    pub measure: Duration,
    /// The time limit for the whole run: a sample that might end later is not begun.
    pub limit: Duration,
    /// Requests a second for [`super::Scenario::FixedRate`]; `None` chooses a rate that all programs can sustain.
    pub rate: Option<f64>,
    pub cpus: Cpus,
}

impl Benchmark {
    /// Roughly how long a sample takes.
    pub(super) fn expected(&self, point: Point) -> Duration {
        const START: Duration = Duration::from_millis(80);
        const CONNECT: Duration = Duration::from_micros(60);
        self.warm_up + self.measure + START + CONNECT * point.connections as u32
    }
}
