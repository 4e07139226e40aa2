//! How a busy machine kept a program off the CPUs.

use std::fmt;

use course::text::time;
use observe::Starvation;

use crate::verdict::evidence::Tries;
use crate::verdict::failure::CheckError;

impl CheckError {
    /// The machine was too busy to tell; `sign` says how that showed.
    #[must_use]
    pub fn busy(sign: impl fmt::Display) -> Self {
        Self::Inconclusive(busy_machine(sign))
    }
}

fn busy_machine(sign: impl fmt::Display) -> String {
    format!("the machine is busy (`CPUs` in cargo grader doctor): {sign}")
}

/// What kept a program off the CPUs, as a sentence.
#[must_use]
pub fn starvation_text(starvation: &Starvation) -> String {
    let sign = match *starvation {
        Starvation::ObserverDelayed { delay, elapsed } => {
            format!("the grader was delayed by {} in {}", time(delay), time(elapsed))
        }
        Starvation::ProgramWaited { waiting, elapsed } => {
            format!("the program waited for a CPU for {} of {}", time(waiting), time(elapsed))
        }
    };
    busy_machine(sign)
}

/// The tries of a check on a busy machine, as a sentence.
pub(super) fn tries_text(tries: &Tries) -> String {
    let starvation = starvation_text(&tries.starvation);
    format!("none of {} tries passed; in the last one, {starvation}", tries.count)
}
