//! Runs checks: each in a thread and a runtime of its own, side by side where they may.

mod attempt;
mod grade;
mod loopback;
mod outcome;
mod plan;
mod residue;
mod schedule;

pub use grade::{START_UP, run};
pub use outcome::{Outcome, Verdict, VerdictName};
pub use plan::Plan;
