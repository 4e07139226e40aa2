//! Runs checks: each in a thread and a runtime of its own, side by side where they may.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};
use tokio::sync::watch;

use crate::labs::{Check, Lab};
use crate::outcome::{Failure, Outcome, Stop, Verdict};
use crate::server::Start;
use crate::trial::Trial;

/// How often a check is run at most that is inconclusive, or failed while the machine was busy.
const TRIES: u32 = 3;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub lab: &'static Lab,
    pub checks: Vec<&'static Check>,
    pub program: Vec<OsString>,
    pub seed: u32,
    /// Whether what a check leaves behind is charged to the lab's `descriptors-return`.
    pub charge_residue: bool,
}

/// Told when a run is to end early. Cloned into every trial.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// An interrupt and the switch that raises it.
    #[must_use]
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    #[must_use]
    pub fn is_raised(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is; for ever, if nobody is left who could raise it.
    pub async fn raised(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|raised| *raised).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Before all checks of a lab: does the program come up at all? Where it does not, every check would
/// fail for the same reason.
pub static START_UP: Check = Check {
    id: "start-up",
    rule: "the program starts and says where it listens",
    quiet: true,
    run: |trial| {
        Box::pin(async move { trial.start(&Start::PLAIN).await?.expect_announced_address().await })
    },
    ..Check::USUAL
};

/// Runs the checks of `plan` and returns their outcomes in the plan's order; an outcome of [`START_UP`]
/// comes first if, and only if, the program did not come up. `done` hears of each as it ends.
pub fn run(plan: &Plan, interrupt: &Interrupt, mut done: impl FnMut(&Outcome)) -> Vec<Outcome> {
    let first = Plan { checks: vec![&START_UP], ..plan.clone() };
    let mut outcomes = schedule(&first, interrupt, &mut |_| {});
    if !outcomes.iter().all(|start_up| matches!(start_up.verdict, Verdict::Passed)) {
        outcomes.extend(plan.checks.iter().map(|&check| {
            let by = START_UP.id;
            not_run(check, Verdict::Blocked { by })
        }));
        return outcomes;
    }
    let mut outcomes = schedule(plan, interrupt, &mut done);
    if plan.charge_residue {
        charge_residue(plan.lab, &mut outcomes);
    }
    outcomes
}

/// Checks that may run at the same time: most wait more than they compute.
fn places() -> usize {
    /// What eight checks with their clients need, with room to spare. With fewer, one at a time may do.
    const DESCRIPTORS: u64 = 8192;
    if getrlimit(Resource::Nofile).maximum.is_some_and(|most| most < DESCRIPTORS) {
        return 1;
    }
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    (4 * cpus).clamp(4, 16)
}

/// How far a check has come.
enum Slot {
    /// To be run, after so many tries that have told nothing for certain.
    Waiting(u32),
    /// This try is running.
    Running(u32),
    Done(Outcome),
}

impl Slot {
    fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Done(outcome) => Some(outcome),
            _ => None,
        }
    }
}

fn schedule(plan: &Plan, interrupt: &Interrupt, done: &mut impl FnMut(&Outcome)) -> Vec<Outcome> {
    let mut slots: Vec<Slot> = plan.checks.iter().map(|_| Slot::Waiting(0)).collect();
    let (sender, results) = mpsc::channel::<(usize, Outcome)>();
    std::thread::scope(|scope| {
        loop {
            give_up(plan, interrupt, &mut slots, done);
            for (index, tries) in next(plan, &slots) {
                slots[index] = Slot::Running(tries + 1);
                let (check, sender) = (plan.checks[index], sender.clone());
                scope.spawn(move || {
                    // The receiver lives as long as this scope.
                    let _ = sender.send((index, try_check(check, plan, interrupt)));
                });
            }
            if !slots.iter().any(|slot| matches!(slot, Slot::Running(_))) {
                break;
            }
            let Ok((index, mut outcome)) = results.recv() else { break };
            let Slot::Running(tries) = slots[index] else { continue };
            outcome.tries = tries;
            slots[index] = if wants_another(&outcome) {
                Slot::Waiting(tries)
            } else {
                if let Verdict::Failed(failure) = &mut outcome.verdict
                    && let Some(doubt) = &failure.doubt
                {
                    failure
                        .evidence
                        .push(format!("none of {tries} tries passed; in the last, {doubt}"));
                }
                done(&outcome);
                Slot::Done(outcome)
            };
        }
    });
    slots.into_iter().filter_map(Slot::outcome).collect()
}

/// Ends what is not to be run any more: all, after an interrupt, or what requires something that did not
/// pass.
fn give_up(
    plan: &Plan,
    interrupt: &Interrupt,
    slots: &mut [Slot],
    done: &mut impl FnMut(&Outcome),
) {
    loop {
        let reason = |index: usize| match (&slots[index], interrupt.is_raised()) {
            (Slot::Waiting(_), true) => Some(Verdict::Interrupted),
            (Slot::Waiting(_), false) => match readiness(plan.checks[index], plan, slots) {
                Readiness::Blocked(by) => Some(Verdict::Blocked { by }),
                _ => None,
            },
            _ => None,
        };
        let found = (0..slots.len()).find_map(|index| Some((index, reason(index)?)));
        let Some((index, verdict)) = found else { return };
        let outcome = not_run(plan.checks[index], verdict);
        done(&outcome);
        slots[index] = Slot::Done(outcome);
    }
}

/// What may start now, with the tries that each has had: as many as there are places; or, once nothing
/// else is left, one that is to be alone: because it measures, or because the machine was too busy for it
/// before.
fn next(plan: &Plan, slots: &[Slot]) -> Vec<(usize, u32)> {
    let running = slots.iter().filter(|slot| matches!(slot, Slot::Running(_))).count();
    let ready = |(index, slot): (usize, &Slot)| match slot {
        Slot::Waiting(tries) => {
            let readiness = readiness(plan.checks[index], plan, slots);
            matches!(readiness, Readiness::Ready).then_some((index, *tries))
        }
        _ => None,
    };
    let ready = slots.iter().enumerate().filter_map(ready);
    let (alone, beside): (Vec<_>, Vec<_>) =
        ready.partition(|&(index, tries)| plan.checks[index].quiet || tries > 0);
    if !beside.is_empty() {
        beside.into_iter().take(places().saturating_sub(running)).collect()
    } else if running == 0 {
        alone.into_iter().take(1).collect()
    } else {
        Vec::new()
    }
}

fn wants_another(outcome: &Outcome) -> bool {
    let is_open = match &outcome.verdict {
        Verdict::Inconclusive(_) => true,
        Verdict::Failed(failure) => failure.doubt.is_some(),
        _ => false,
    };
    is_open && outcome.tries < TRIES
}

enum Readiness {
    Ready,
    Wait,
    Blocked(&'static str),
}

/// Whether what `check` requires is known to hold. What is not in the plan was not asked for and counts as
/// given.
fn readiness(check: &Check, plan: &Plan, slots: &[Slot]) -> Readiness {
    let mut readiness = Readiness::Ready;
    for &id in check.requires {
        let Some(index) = plan.checks.iter().position(|other| other.id == id) else { continue };
        match &slots[index] {
            Slot::Done(Outcome { verdict: Verdict::Passed, .. }) => {}
            Slot::Done(_) => return Readiness::Blocked(id),
            _ => readiness = Readiness::Wait,
        }
    }
    readiness
}

fn not_run(check: &'static Check, verdict: Verdict) -> Outcome {
    let elapsed = Duration::ZERO;
    Outcome { check, verdict, tries: 0, elapsed, notes: Vec::new(), residue: None }
}

/// Runs a check once.
fn try_check(check: &'static Check, plan: &Plan, interrupt: &Interrupt) -> Outcome {
    let begin = Instant::now();
    let attempt = || attempt(check, plan, interrupt);
    let mut outcome = catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| {
        not_run(check, Verdict::Inconclusive("the grader itself panicked".to_owned()))
    });
    outcome.elapsed = begin.elapsed();
    outcome
}

fn attempt(check: &'static Check, plan: &Plan, interrupt: &Interrupt) -> Outcome {
    let inconclusive =
        |error| not_run(check, Verdict::Inconclusive(format!("no runtime could be had: {error}")));
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return inconclusive(error),
    };
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let trial = Trial::new(plan.lab.service, &plan.program, u64::from(plan.seed), check.id);
        let verdict = judge(check, &trial, interrupt).await;
        let residue = match verdict {
            Verdict::Passed => residue(&trial).await,
            _ => None,
        };
        trial.end();
        Outcome { verdict, notes: trial.notes(), residue, ..not_run(check, Verdict::Interrupted) }
    })
}

async fn judge(check: &Check, trial: &Trial, interrupt: &Interrupt) -> Verdict {
    // The check's own clients close when `run` is dropped: evidence is taken before.
    let mut run = (check.run)(trial);
    let stop = tokio::select! {
        biased;
        () = interrupt.raised() => return Verdict::Interrupted,
        result = &mut run => match result {
            Ok(()) => return Verdict::Passed,
            Err(stop) => stop,
        },
        () = tokio::time::sleep(check.deadline) => match trial.last_process() {
            Some(process) => match process.was_starved() {
                Some(reason) => Stop::Inconclusive(reason),
                None => {
                    let deadline = crate::capture::time(check.deadline);
                    let observed = vec![format!("the check was not done after {deadline}")];
                    let cause = "the program answers, but far too slowly";
                    process.fail(&[check.rule], observed, cause).await
                }
            }
            None => Stop::Inconclusive("the program did not start in time".to_owned()),
        },
    };
    match stop {
        Stop::Failed(failure) => Verdict::Failed(failure),
        Stop::Inconclusive(reason) => Verdict::Inconclusive(reason),
    }
}

/// What the programs of a trial that passed still hold although all clients are gone: their sockets.
/// Threads of a pool and descriptors of a runtime stay for good reasons, and only a check that warms up
/// first can tell them from a leak.
async fn residue(trial: &Trial) -> Option<String> {
    for server in trial.servers() {
        let mut held = 0;
        let look = || {
            held = server.client_sockets()?;
            Ok((held == 0 || server.process.has_ended()).then_some(()))
        };
        // Where it cannot be told, nobody is charged.
        if let Ok(None) = server.process.until(look).await {
            let sockets = crate::capture::count(held, "socket");
            return Some(format!("{sockets} of clients that are gone"));
        }
    }
    None
}

/// Fails the lab's `descriptors-return` for what other checks left behind.
fn charge_residue(lab: &Lab, outcomes: &mut [Outcome]) {
    let left: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome.check.id, outcome.residue.clone()?)))
        .collect();
    let id = format!("{}/descriptors-return", lab.digits());
    let charged = outcomes.iter_mut().find(|outcome| outcome.check.id == id);
    if let (Some(outcome), Some((first, _))) = (charged, left.first()) {
        if !matches!(outcome.verdict, Verdict::Passed) {
            return;
        }
        outcome.verdict = Verdict::Failed(Box::new(Failure {
            steps: vec![format!("run {first}, which passed; then close all of its clients")],
            expected: vec!["the program closes its side of each connection".to_owned()],
            observed: left.iter().map(|(id, what)| format!("{id} left {what}")).collect(),
            cause: "one way in which a client may end leaves its stream open: is it kept in a list, in \
                    a clone, or in a thread that waits for something else?"
                .to_owned(),
            ..Failure::default()
        }));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::labs::LABS;
    use crate::process::{NO_ANSWER, NO_ANSWER_IN_TIME};

    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static TRIED: AtomicUsize = AtomicUsize::new(0);

    /// Runs for a while, and gives the most that ran at the same time.
    async fn neighbours() -> usize {
        let mut most = RUNNING.fetch_add(1, Ordering::SeqCst);
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(2)).await;
            most = most.max(RUNNING.load(Ordering::SeqCst) - 1);
        }
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        most
    }

    async fn needs_the_machine() -> Result<(), Stop> {
        let neighbours = neighbours().await;
        match (TRIED.fetch_add(1, Ordering::SeqCst), neighbours) {
            (1.., 0) => Ok(()),
            (tried, _) => Err(Stop::Inconclusive(format!("try {tried}, {neighbours} beside it"))),
        }
    }

    async fn works_anywhere() -> Result<(), Stop> {
        neighbours().await;
        Ok(())
    }

    static CHECKS: [Check; 4] = [
        Check { id: "first", run: |_| Box::pin(needs_the_machine()), ..Check::USUAL },
        Check { id: "second", run: |_| Box::pin(works_anywhere()), ..Check::USUAL },
        Check {
            id: "third",
            requires: &["first"],
            run: |_| Box::pin(works_anywhere()),
            ..Check::USUAL
        },
        Check {
            id: "fourth",
            requires: &["second"],
            run: |_| Box::pin(async { Err(Stop::Inconclusive("never".to_owned())) }),
            ..Check::USUAL
        },
    ];

    #[test]
    fn what_failed_on_a_busy_machine_is_seen_again() {
        let failed = |tries, doubt: Option<&str>| {
            let failure = Failure { doubt: doubt.map(str::to_owned), ..Failure::default() };
            Outcome { tries, ..not_run(&CHECKS[0], Verdict::Failed(Box::new(failure))) }
        };
        assert!(wants_another(&failed(1, Some("the machine is busy"))));
        assert!(!wants_another(&failed(1, None)));
        assert!(!wants_another(&failed(TRIES, Some("the machine is busy"))), "then it counts");
        let observed =
            |line: &str| Failure { observed: vec![line.to_owned()], ..Failure::default() };
        assert!(observed(&format!("{NO_ANSWER}: every thread sleeps")).is_certain());
        assert!(!observed(&format!("{NO_ANSWER_IN_TIME} 8 s")).is_certain());
    }

    #[test]
    fn what_was_inconclusive_is_tried_again_alone_and_blocks_nothing_meanwhile() {
        let plan = Plan {
            lab: LABS[0],
            checks: CHECKS.iter().collect(),
            program: Vec::new(),
            seed: 1,
            charge_residue: false,
        };
        let (_switch, interrupt) = Interrupt::new();
        let mut heard = Vec::new();
        let outcomes = schedule(&plan, &interrupt, &mut |outcome| heard.push(outcome.check.id));
        let found: Vec<_> = outcomes
            .iter()
            .map(|outcome| (outcome.tries, matches!(outcome.verdict, Verdict::Passed)))
            .collect();
        assert_eq!(found, [(2, true), (1, true), (1, true), (TRIES, false)]);
        // Each is told of once, when it is decided.
        assert_eq!(heard.len(), 4);
        assert_eq!(heard[0], "second");
    }
}
