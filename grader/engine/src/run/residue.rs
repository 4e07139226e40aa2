//! What passed checks left behind.

use super::outcome::{Outcome, Verdict};
use crate::lab::Lab;
use crate::verdict::{Diagnosis, Failure, FailureKind, Journal, Residue};

/// Fails the `residue_check` of `lab` because of what other checks left behind.
pub fn charge(lab: &Lab, outcomes: &mut [Outcome]) {
    let residue =
        |outcome: &Outcome| Some(Residue { check: outcome.check.id(), sockets: outcome.residue? });
    let left: Vec<Residue> = outcomes.iter().filter_map(residue).collect();
    let Some(name) = lab.residue_check else { return };
    let charged = outcomes.iter_mut().find(|outcome| outcome.check.name == name);
    let (Some(outcome), Some(first)) = (charged, left.first()) else { return };
    if !matches!(outcome.verdict, Verdict::Passed) {
        return;
    }
    let journal = Journal::default();
    journal.action(format!("run {}, which passes; then close all its clients", first.check));
    let mut failure = Failure::new(FailureKind::Residue { left })
        .expecting("the program closes its side of each connection")
        .because(Diagnosis::LeavesStreamsOpen);
    failure.transcript = journal.transcript();
    outcome.verdict = Verdict::Failed(Box::new(failure));
}
