//! The result of one run of a program.

use std::collections::{BTreeMap, BTreeSet};

use engine::run::{Plan, START_UP, Verdict, VerdictName, run};
use engine::verdict::FailureKind;
use serde::{Deserialize, Serialize};

use super::excerpt;
use super::golden;
use super::known::{Expectation, KnownProgram};
use crate::report::Report;
use crate::session::Session;
use engine::lab::{Check, Lab};

/// All programs get the same random data, so that their failures can be compared.
const SEED: u32 = 0x5eed_0001;

/// The result of one run of a program.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Finding {
    pub score: u32,
    pub points: u32,
    /// Verdicts by check id.
    pub verdicts: BTreeMap<String, VerdictName>,
    /// What was observed, by the id of each check that failed or was inconclusive.
    pub observed: BTreeMap<String, String>,
    /// The record of the first failure, see [`golden`].
    pub golden: String,
    /// The report of the first failure up to its likely cause. It is not part of the proof's JSON.
    #[serde(skip)]
    pub report: String,
    /// The lines of that report that are the same in every run.
    pub stable_lines: Vec<String>,
    /// Whether the first failure is a part that is not written yet.
    pub not_written: bool,
}

impl Finding {
    /// Whether any check has this verdict.
    pub(super) fn has(&self, verdict: VerdictName) -> bool {
        self.verdicts.values().any(|&found| found == verdict)
    }

    /// Whether the program did not start.
    pub(super) fn failed_to_start(&self) -> bool {
        self.verdicts.contains_key(START_UP.name)
    }
}

/// The checks of `lab` that a program is expected to fail.
fn expected_failures(lab: &'static Lab, expectation: &Expectation) -> BTreeSet<&'static str> {
    let fails = |check: &&Check| match expectation {
        Expectation::Everything => false,
        Expectation::AtMost(_) => true,
        Expectation::Fails(named) => named.contains_key(&check.id()),
    };
    lab.checks.iter().filter(fails).map(|check| check.name).collect()
}

/// Runs all checks of `lab` on `program`.
pub(super) fn examine(session: &Session, lab: &'static Lab, program: &KnownProgram) -> Finding {
    let plan = Plan {
        lab,
        checks: lab.checks.iter().collect(),
        program: program.command.clone(),
        launcher: session.launcher.clone(),
        seed: SEED,
        charge_residue: true,
        expected_failures: expected_failures(lab, &program.expectation),
    };
    let report = Report {
        lab,
        program: "your code".to_owned(),
        flags: String::new(),
        seed: SEED,
        outcomes: run(&plan, &session.interrupt, |_| {}),
        remarks: Vec::new(),
        partial: false,
        next: None,
    };
    let (score, points) = report.score();
    let mut finding = Finding { score, points, ..Finding::default() };
    for outcome in &report.outcomes {
        let id = outcome.check.id();
        match &outcome.verdict {
            Verdict::Failed(failure) => {
                if finding.golden.is_empty() {
                    finding.golden = golden::text(outcome.check, failure);
                    finding.stable_lines = golden::report_lines(outcome.check, failure);
                    finding.report = excerpt::of(&report, outcome.check, failure);
                    finding.not_written = matches!(failure.kind, FailureKind::NotWritten { .. });
                }
                finding.observed.insert(id.clone(), failure.observed().join("; "));
            }
            Verdict::Inconclusive(reason) => {
                finding.observed.insert(id.clone(), reason.clone());
            }
            _ => {}
        }
        finding.verdicts.insert(id, outcome.verdict.name());
    }
    finding
}
