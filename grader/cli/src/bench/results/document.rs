//! The document of one benchmark.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use course::checkout::Checkout;
use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::measurement::Measurement;
use super::point::Point;
use crate::bench::load::REQUEST_LENGTH;

/// Changes when a field of the document changes its meaning or goes away.
pub(super) const SCHEMA: u32 = 1;

/// The whole document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(super) schema: u32,
    /// When the benchmark began: seconds since 1970, UTC.
    pub begun: u64,
    pub machine: Machine,
    /// The commit of the labs, with `+` where the files differ from it; none where git does not know.
    pub commit: Option<String>,
    /// The length of a request and of its answer, in bytes.
    #[serde(rename = "bytes")]
    pub request_length: usize,
    /// For how long each sample was measured.
    #[serde(rename = "measured")]
    pub sample_length: Duration,
    /// The names of the programs, in the order of the rows.
    #[serde(rename = "subjects")]
    pub programs: Vec<String>,
    #[serde(rename = "cells")]
    pub measurements: Vec<Measurement>,
    /// Remarks on the run: fewer connections than asked for, rounds that were left out.
    pub notes: Vec<String>,
}

impl Results {
    /// A document without measurements, of `programs` in `checkout`.
    pub fn new(
        checkout: &Checkout,
        programs: Vec<String>,
        machine: Machine,
        sample_length: Duration,
    ) -> Self {
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self {
            schema: SCHEMA,
            begun,
            machine,
            commit: commit(checkout),
            request_length: REQUEST_LENGTH,
            sample_length,
            programs,
            measurements: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Reads the document at `path`.
    ///
    /// # Errors
    ///
    /// It cannot be read, is something else, or has another schema.
    pub fn read(path: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            schema: Option<u32>,
        }
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        let head: Head = serde_json::from_str(&text)
            .with_context(|| format!("{shown} has no results: it is no JSON object"))?;
        match head.schema {
            Some(SCHEMA) => {}
            Some(other) => bail!(
                "{shown} has results of schema {other}, and this is a grader for schema {SCHEMA}: show it with \
                 the one that wrote it, or measure again"
            ),
            None => {
                bail!("{shown} has no results of `cargo grader bench`: there is no schema number")
            }
        }
        let not_so = || format!("{shown} names schema {SCHEMA}, but is not so");
        let results: Self = serde_json::from_str(&text).with_context(not_so)?;
        let is_sound = |measurement: &Measurement| {
            measurement.program < results.programs.len()
                && measurement.point.active <= measurement.point.connections
        };
        if !results.measurements.iter().all(is_sound) {
            bail!("{}: a cell is of no subject, or more clients ask than are connected", not_so());
        }
        Ok(results)
    }

    /// All points, in the order in which they were measured.
    pub fn points(&self) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        for measurement in &self.measurements {
            if !points.contains(&measurement.point) {
                points.push(measurement.point);
            }
        }
        points
    }

    /// What was measured at `point`, in the order of the programs.
    pub fn at(&self, point: Point) -> Vec<&Measurement> {
        let mut found: Vec<_> =
            self.measurements.iter().filter(|measurement| measurement.point == point).collect();
        found.sort_by_key(|measurement| measurement.program);
        found
    }

    /// The programs at `point` by CPU time for a round trip, least first, in groups: within a group the rounds do not
    /// tell each program apart from all others.
    pub fn ranks(&self, point: Point) -> Vec<Vec<usize>> {
        let mut measured: Vec<(f64, &Measurement)> = self
            .at(point)
            .into_iter()
            .filter(|measurement| measurement.not_measured.is_none())
            .filter_map(|measurement| {
                Some((measurement.figure(|sample| sample.cpu)?.median, measurement))
            })
            .collect();
        measured.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let mut groups: Vec<Vec<&Measurement>> = Vec::new();
        for (_, measurement) in measured {
            match groups.last_mut() {
                // One that the rounds do not tell apart from it is enough to be in the same group.
                Some(group) if group.iter().any(|other| !measurement.differs_from(other)) => {
                    group.push(measurement);
                }
                _ => groups.push(vec![measurement]),
            }
        }
        let programs = |group: Vec<&Measurement>| group.iter().map(|it| it.program).collect();
        groups.into_iter().map(programs).collect()
    }

    /// The largest number of rounds in which anything was measured.
    pub fn rounds(&self) -> usize {
        self.measurements.iter().map(|measurement| measurement.samples.len()).max().unwrap_or(0)
    }

    /// Whether anything was measured.
    pub fn has_samples(&self) -> bool {
        self.rounds() > 0
    }

    /// Whether some program that could be measured was not measured in each of `rounds` rounds.
    pub fn lacks_samples(&self, rounds: usize) -> bool {
        self.measurements.iter().any(|measurement| {
            measurement.not_measured.is_none() && measurement.samples.len() < rounds
        })
    }
}

/// What git says of the checkout.
fn commit(checkout: &Checkout) -> Option<String> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(checkout.root()).args(arguments).stderr(Stdio::null());
        let output = command.output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    let is_changed = git(&["status", "--porcelain"]).is_none_or(|changes| !changes.is_empty());
    Some(if is_changed { format!("{commit}+") } else { commit })
}
