//! Runs checks: each in its own thread and runtime, concurrently where possible.

mod attempt;
mod grade;
mod loopback;
mod outcome;
mod plan;
mod residue;
mod schedule;

pub use grade::{START_UP, run};
pub use loopback::trouble as loopback_trouble;
pub use outcome::{Outcome, RunEvent, Verdict, VerdictName};
pub use plan::Plan;
pub use residue::charge as charge_residue;
pub use schedule::MAX_TRIES;
