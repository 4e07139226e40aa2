//! One try of one check, in its own runtime.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use observe::Starvation;

use super::loopback;
use super::outcome::{Outcome, Verdict};
use super::plan::Plan;
use crate::drive::Trial;
use crate::interrupt::Interrupt;
use crate::lab::Check;
use crate::verdict::{
    Certainty, CheckError, Diagnosis, Failure, FailureKind, Journal, starvation_text,
};

/// Runs a check once, in its own trial (rule R8).
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
    if let Some(reason) = loopback::trouble() {
        return Outcome::not_run(check, Verdict::Inconclusive(reason));
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let reason = format!("cannot create a runtime: {error}");
            return Outcome::not_run(check, Verdict::Inconclusive(reason));
        }
    };
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let (service, seed) = (plan.lab.service, u64::from(plan.seed));
        let trial = Trial::new(service, &plan.program, &plan.launcher, seed, &check.id());
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
    // The check's clients close when `run` is dropped, so evidence is collected first.
    let mut run = check.run(trial);
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
        CheckError::Failed(failure) => {
            let mut failure = complete(failure, trial.journal(), || trial.was_hindered());
            failure.drawn = trial.drawn();
            Verdict::Failed(failure)
        }
        CheckError::Inconclusive(reason) => Verdict::Inconclusive(reason),
    }
}

/// Adds the transcript to a failure and, if a busy machine may have caused it (rule R9), what `hindered` the program.
fn complete(
    mut failure: Box<Failure>,
    journal: &Journal,
    hindered: impl FnOnce() -> Option<Starvation>,
) -> Box<Failure> {
    failure.transcript = journal.transcript();
    if failure.certainty() == Certainty::MachineMayBeAtFault {
        failure.starvation = hindered();
    }
    failure
}

/// The result of a check that has not finished by its deadline.
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

/// How many sockets the programs of a passed trial still hold after all clients have gone, if any. A pool keeps its
/// threads and a runtime its descriptors for good reasons; only a check that warms up first can tell them from a leak.
async fn residue(trial: &Trial) -> Option<usize> {
    for server in trial.servers() {
        let mut held = 0;
        let sample = || {
            held = server.client_sockets()?;
            Ok((held == 0 || server.process.has_ended()).then_some(()))
        };
        // In case of doubt, the program is not charged.
        if let Ok(None) = server.process.poll_until(sample).await {
            return Some(held);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_a_failure_that_a_busy_machine_may_have_caused_has_a_hindrance() {
        let second = Duration::from_secs(1);
        let hindrance = Starvation::ProgramWaited { waiting: second, elapsed: 2 * second };
        let journal = Journal::default();
        journal.action("wait");
        let completed = |failure| complete(Box::new(failure), &journal, || Some(hindrance));
        let late = completed(Failure::new(FailureKind::Timeout { after: second }));
        assert_eq!(late.starvation, Some(hindrance));
        assert_eq!(late.steps(), ["wait"]);
        let hangs = completed(Failure::new(FailureKind::ProvenHang));
        assert_eq!(hangs.starvation, None);
        assert_eq!(hangs.steps(), ["wait"]);
        let limited = completed(Failure::new(FailureKind::ProvenHang).time_limited());
        assert_eq!(limited.starvation, Some(hindrance));
    }
}
