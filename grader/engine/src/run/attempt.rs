//! One try of one check, in a runtime of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::outcome::{Outcome, Verdict};
use super::plan::Plan;
use crate::drive::Trial;
use crate::interrupt::Interrupt;
use crate::lab::Check;
use crate::verdict::{Certainty, CheckError, Diagnosis, Failure, FailureKind, starvation_text};

/// Runs a check once, in a trial of its own (rule R8).
pub(super) fn try_check(check: &'static Check, plan: &Plan, interrupt: &Interrupt) -> Outcome {
    let begin = Instant::now();
    let attempt = || attempt(check, plan, interrupt);
    let mut outcome = catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| {
        let reason = "the grader itself panicked".to_owned();
        Outcome::not_run(check, Verdict::Inconclusive(reason))
    });
    outcome.elapsed = begin.elapsed();
    outcome
}

fn attempt(check: &'static Check, plan: &Plan, interrupt: &Interrupt) -> Outcome {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let reason = format!("no runtime could be had: {error}");
            return Outcome::not_run(check, Verdict::Inconclusive(reason));
        }
    };
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let (service, seed) = (plan.lab.service, u64::from(plan.seed));
        let trial = Trial::new(service, &plan.program, &plan.launcher, seed, check.id);
        let verdict = judge(check, &trial, interrupt).await;
        let residue = match verdict {
            Verdict::Passed => residue(&trial).await,
            _ => None,
        };
        let notes = trial.journal().notes();
        Outcome { notes, residue, ..Outcome::not_run(check, verdict) }
    })
}

async fn judge(check: &Check, trial: &Trial, interrupt: &Interrupt) -> Verdict {
    // The check's own clients close when `run` is dropped: evidence is taken before.
    let mut run = (check.run)(trial);
    let error = tokio::select! {
        biased;
        () = interrupt.raised() => return Verdict::Interrupted,
        result = &mut run => match result {
            Ok(()) => return Verdict::Passed,
            Err(error) => error,
        },
        () = tokio::time::sleep(check.deadline) => too_late(check, trial).await,
    };
    match error {
        CheckError::Failed(failure) => Verdict::Failed(complete(trial, failure)),
        CheckError::Inconclusive(reason) => Verdict::Inconclusive(reason),
    }
}

/// Joins a failure with what the trial knows: what happened before, and whether the machine was busy (rule R9).
fn complete(trial: &Trial, mut failure: Box<Failure>) -> Box<Failure> {
    failure.transcript = trial.journal().transcript();
    if failure.certainty() == Certainty::MachineMayBeAtFault {
        failure.starvation = trial.was_hindered();
    }
    failure
}

/// What a check comes to that is not done at its deadline.
async fn too_late(check: &Check, trial: &Trial) -> CheckError {
    let Some(process) = trial.last_process() else {
        return CheckError::Inconclusive("the program did not start in time".to_owned());
    };
    if let Some(starvation) = process.was_starved() {
        return CheckError::Inconclusive(starvation_text(&starvation));
    }
    let kind = FailureKind::CheckTimeout { after: check.deadline };
    let failure = Failure::new(kind).expecting(check.rule).because(Diagnosis::TooSlow);
    process.fail(failure).await
}

/// How many sockets the programs of a trial that passed still hold although all clients are gone, if any. Threads of a
/// pool and descriptors of a runtime stay for good reasons, and only a check that warms up first can tell them from a
/// leak.
async fn residue(trial: &Trial) -> Option<usize> {
    for server in trial.servers() {
        let mut held = 0;
        let sample = || {
            held = server.client_sockets()?;
            Ok((held == 0 || server.process.has_ended()).then_some(()))
        };
        // Where it cannot be told, nobody is charged.
        if let Ok(None) = server.process.poll_until(sample).await {
            return Some(held);
        }
    }
    None
}
