//! Runs the checks of a lab on one program.

use super::outcome::{Outcome, RunEvent, Verdict};
use super::plan::Plan;
use super::{residue, schedule};
use crate::drive::Start;
use crate::interrupt::Interrupt;
use crate::lab::{Check, check};

/// Runs before all other checks of a lab. If the program does not start, every check would fail for the same reason.
pub static START_UP: Check = check("start-up")
    .task(0)
    .correctness(0)
    .rule("the program starts and says where it listens")
    .quiet()
    .run(|trial| {
        Box::pin(
            async move { trial.start(&Start::PLAIN).await?.expect_announced_addresses().await },
        )
    });

/// Runs the checks of `plan` and returns their outcomes in the plan's order. The outcome of [`START_UP`] precedes them
/// if and only if the program did not start. Reports each event.
pub fn run(
    plan: &Plan,
    interrupt: &Interrupt,
    mut report: impl FnMut(RunEvent<'_>),
) -> Vec<Outcome> {
    let first = Plan { checks: vec![&START_UP], ..plan.clone() };
    let mut outcomes = schedule::schedule(&first, interrupt, &mut |_| {});
    if !outcomes.iter().all(|start_up| matches!(start_up.verdict, Verdict::Passed)) {
        let by = &START_UP;
        let blocked = |&check: &&'static Check| Outcome::not_run(check, Verdict::Blocked { by });
        outcomes.extend(plan.checks.iter().map(blocked));
        return outcomes;
    }
    let mut outcomes = schedule::schedule(plan, interrupt, &mut report);
    if plan.charge_residue {
        residue::charge(plan.lab, &mut outcomes);
    }
    outcomes
}
