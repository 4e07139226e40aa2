//! The JSON document of one benchmark.

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

/// Incremented when a field of the document changes its meaning or is removed.
pub(super) const SCHEMA: u32 = 1;

/// The whole document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(super) schema: u32,
    /// When the benchmark began: seconds since 1970, UTC.
    pub begun: u64,
    pub machine: Machine,
    /// The commit of the labs, with `+` if the files differ from it; `None` if git does not know it.
    pub commit: Option<String>,
    /// The length of a request and of its answer, in bytes.
    #[serde(rename = "bytes")]
    pub request_length: usize,
    /// How long each sample was measured.
    #[serde(rename = "measured")]
    pub sample_length: Duration,
    /// The names of the programs, in the order of the rows.
    #[serde(rename = "subjects")]
    pub programs: Vec<String>,
    #[serde(rename = "cells")]
    pub measurements: Vec<Measurement>,
    /// Remarks on the run, such as fewer connections than requested, or rounds that were skipped.
    pub notes: Vec<String>,
}

impl Results {
    /// A document about `programs` in `checkout`, without measurements.
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
    /// It cannot be read, is not a document of results, or has another schema.
    pub fn read(path: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            schema: Option<u32>,
        }
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        let head: Head = serde_json::from_str(&text)
            .with_context(|| format!("{shown} has no results: it is not a JSON object"))?;
        match head.schema {
            Some(SCHEMA) => {}
            Some(other) => bail!(
                "{shown} has results of schema {other}, but this grader reads schema {SCHEMA}: use the grader \
                 that wrote the file, or measure again"
            ),
            None => {
                bail!("{shown} has no results of `cargo grader bench`: it has no schema number")
            }
        }
        let mismatch = || format!("{shown} claims schema {SCHEMA} but does not match it");
        let results: Self = serde_json::from_str(&text).with_context(mismatch)?;
        let is_sound = |measurement: &Measurement| {
            measurement.program < results.programs.len()
                && measurement.point.active <= measurement.point.connections
        };
        if !results.measurements.iter().all(is_sound) {
            bail!("{}: a cell has no subject, or more active clients than connections", mismatch());
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

    /// The measurements at `point`, in the order of the programs.
    pub fn at(&self, point: Point) -> Vec<&Measurement> {
        let mut found: Vec<_> =
            self.measurements.iter().filter(|measurement| measurement.point == point).collect();
        found.sort_by_key(|measurement| measurement.program);
        found
    }

    /// The programs at `point` by CPU time per round trip, least first, in groups. Each program in a group is
    /// indistinguishable, given the noise between rounds, from at least one other in it.
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
                // One indistinguishable program is enough to join its group.
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

/// The checkout's commit, according to git.
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
