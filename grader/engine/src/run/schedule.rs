//! Decides which check runs when, and which is run again.

use std::sync::mpsc;

use rustix::process::{Resource, getrlimit};

use super::attempt::try_check;
use super::outcome::{Outcome, RunEvent, Verdict};
use super::plan::Plan;
use crate::interrupt::Interrupt;
use crate::lab::Check;
use crate::verdict::Tries;

/// The maximum number of tries of a check that is inconclusive or fails while the machine is busy (rule R9).
pub const MAX_TRIES: u32 = 3;

/// The same for a check that is expected to fail: the second try has the machine to itself.
const MAX_TRIES_EXPECTED: u32 = 2;

/// How many checks may run at the same time: most of them wait more than they compute.
fn max_running() -> usize {
    /// More than eight checks and their clients need. With fewer, checks run one at a time.
    const DESCRIPTORS: u64 = 8192;
    if getrlimit(Resource::Nofile).maximum.is_some_and(|most| most < DESCRIPTORS) {
        return 1;
    }
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    (4 * cpus).clamp(4, 16)
}

/// The state of a check.
enum Slot {
    /// It waits for its next try, after `tries` uncertain ones. `last` is the outcome of the last of them.
    Waiting {
        tries: u32,
        last: Option<Outcome>,
    },
    /// The try with this number is running, after one with the outcome `before`.
    Running {
        number: u32,
        before: Option<Outcome>,
    },
    Done(Outcome),
}

impl Slot {
    fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Done(outcome) => Some(outcome),
            _ => None,
        }
    }
}

/// Runs the checks of `plan`, as many concurrently as the machine allows, and returns their outcomes in the plan's order.
pub(super) fn schedule(
    plan: &Plan,
    interrupt: &Interrupt,
    report: &mut impl FnMut(RunEvent<'_>),
) -> Vec<Outcome> {
    let waiting = |_| Slot::Waiting { tries: 0, last: None };
    let mut slots: Vec<Slot> = plan.checks.iter().map(waiting).collect();
    let (sender, results) = mpsc::channel::<(usize, Outcome)>();
    std::thread::scope(|scope| {
        loop {
            give_up(plan, interrupt, &mut slots, report);
            for (index, tries) in next(plan, &slots) {
                let number = tries + 1;
                let Slot::Waiting { last: before, .. } = &mut slots[index] else { continue };
                slots[index] = Slot::Running { number, before: before.take() };
                report(RunEvent::Started { check: plan.checks[index], number });
                let (check, sender) = (plan.checks[index], sender.clone());
                scope.spawn(move || {
                    // The receiver lives as long as this scope.
                    let _ = sender.send((index, try_check(check, plan, interrupt)));
                });
            }
            if !slots.iter().any(Slot::is_running) {
                break;
            }
            let Ok((index, mut outcome)) = results.recv() else { break };
            let Slot::Running { number, before } = &slots[index] else { continue };
            outcome.tries = *number;
            let is_alike = before.as_ref().is_some_and(|before| failed_alike(before, &outcome));
            if wants_another(&outcome, plan) && !is_alike {
                slots[index] = Slot::Waiting { tries: outcome.tries, last: Some(outcome) };
                continue;
            }
            finish(outcome, index, &mut slots, report);
            settle_family(index, &mut slots, report);
        }
    });
    slots.into_iter().filter_map(Slot::outcome).collect()
}

/// Records the outcome of a check that does not run again.
fn finish(
    mut outcome: Outcome,
    index: usize,
    slots: &mut [Slot],
    report: &mut impl FnMut(RunEvent<'_>),
) {
    note_tries(&mut outcome);
    report(RunEvent::Ended(&outcome));
    slots[index] = Slot::Done(outcome);
}

/// Whether both tries waited for the same thing until the deadline. A third try would only waste seconds.
fn failed_alike(a: &Outcome, b: &Outcome) -> bool {
    let (Verdict::Failed(a), Verdict::Failed(b)) = (&a.verdict, &b.verdict) else { return false };
    let is_same = std::mem::discriminant(&a.kind) == std::mem::discriminant(&b.kind);
    a.kind.is_late() && is_same && a.expected == b.expected && a.steps().len() == b.steps().len()
}

/// The name that the members of a family share: they test the same behaviour in different parts of the program.
fn family(check: &Check) -> Option<&'static str> {
    check.name.split_once('/').map(|(_, name)| name)
}

/// Finishes each waiting check whose last try failed like both tries of the check at `index`, if they share a family:
/// the machine was not the cause.
fn settle_family(index: usize, slots: &mut [Slot], report: &mut impl FnMut(RunEvent<'_>)) {
    let Slot::Done(proven) = &slots[index] else { return };
    let Some(name) = family(proven.check).filter(|_| proven.tries >= 2) else { return };
    let is_settled = |slot: &Slot| match slot {
        Slot::Waiting { last: Some(last), .. } => {
            family(last.check) == Some(name) && failed_alike(last, proven)
        }
        _ => false,
    };
    let settled: Vec<usize> = (0..slots.len()).filter(|&other| is_settled(&slots[other])).collect();
    for other in settled {
        let Slot::Waiting { last, .. } = &mut slots[other] else { continue };
        let Some(mut outcome) = last.take() else { continue };
        if let Verdict::Failed(failure) = &mut outcome.verdict {
            // The other check's tries decided, not how busy the machine was in this one.
            failure.starvation = None;
        }
        finish(outcome, other, slots, report);
    }
}

/// Gives up all waiting checks after an interrupt; otherwise those that require a check that did not pass.
fn give_up(
    plan: &Plan,
    interrupt: &Interrupt,
    slots: &mut [Slot],
    report: &mut impl FnMut(RunEvent<'_>),
) {
    loop {
        let reason = |index: usize| match (&slots[index], interrupt.is_raised()) {
            (Slot::Waiting { .. }, true) => Some(Verdict::Interrupted),
            (Slot::Waiting { .. }, false) => match readiness(plan.checks[index], plan, slots) {
                Readiness::Blocked(by) => Some(Verdict::Blocked { by }),
                _ => None,
            },
            _ => None,
        };
        let found = (0..slots.len()).find_map(|index| Some((index, reason(index)?)));
        let Some((index, verdict)) = found else { return };
        let outcome = Outcome::not_run(plan.checks[index], verdict);
        report(RunEvent::Ended(&outcome));
        slots[index] = Slot::Done(outcome);
    }
}

/// The checks that may start now, as many as may run concurrently, each with the number of its tries so far. Once only
/// checks that must run alone are left, one of them. A check runs alone if it measures, or if the machine was too busy
/// for its last try (rule R9).
fn next(plan: &Plan, slots: &[Slot]) -> Vec<(usize, u32)> {
    let running = slots.iter().filter(|slot| slot.is_running()).count();
    let ready = |(index, slot): (usize, &Slot)| match slot {
        Slot::Waiting { tries, .. } => {
            let readiness = readiness(plan.checks[index], plan, slots);
            matches!(readiness, Readiness::Ready).then_some((index, *tries))
        }
        _ => None,
    };
    let ready = slots.iter().enumerate().filter_map(ready);
    let (alone, beside): (Vec<_>, Vec<_>) =
        ready.partition(|&(index, tries)| plan.checks[index].quiet || tries > 0);
    if !beside.is_empty() {
        beside.into_iter().take(max_running().saturating_sub(running)).collect()
    } else if running == 0 {
        alone.into_iter().take(1).collect()
    } else {
        Vec::new()
    }
}

/// If a busy machine may have caused a failure, adds the number of tries to its evidence.
fn note_tries(outcome: &mut Outcome) {
    let count = outcome.tries;
    if let Verdict::Failed(failure) = &mut outcome.verdict
        && let Some(starvation) = failure.starvation
    {
        failure.evidence.tries = Some(Tries { count, starvation });
    }
}

/// Whether a check must run again, because its last try was uncertain (rule R9). An expected failure gets at most one
/// more try.
fn wants_another(outcome: &Outcome, plan: &Plan) -> bool {
    let (is_open, max_tries) = match &outcome.verdict {
        Verdict::Inconclusive(_) => (true, MAX_TRIES),
        Verdict::Failed(failure) if plan.expected_failures.contains(outcome.check.name) => {
            (failure.starvation.is_some(), MAX_TRIES_EXPECTED)
        }
        Verdict::Failed(failure) => (failure.starvation.is_some(), MAX_TRIES),
        _ => (false, MAX_TRIES),
    };
    is_open && outcome.tries < max_tries
}

enum Readiness {
    Ready,
    Wait,
    Blocked(&'static Check),
}

/// Whether the checks that `check` requires have passed. Those that are not in the plan are assumed to pass.
fn readiness(check: &Check, plan: &Plan, slots: &[Slot]) -> Readiness {
    let mut readiness = Readiness::Ready;
    for &name in check.requires {
        let Some(index) = plan.checks.iter().position(|other| other.name == name) else { continue };
        match &slots[index] {
            Slot::Done(Outcome { verdict: Verdict::Passed, .. }) => {}
            Slot::Done(_) => return Readiness::Blocked(plan.checks[index]),
            _ => readiness = Readiness::Wait,
        }
    }
    readiness
}

#[cfg(test)]
mod tests;
