//! How a busy machine kept a program off the CPUs.

use course::text::time;
use observe::Starvation;

use crate::verdict::evidence::Tries;

/// What kept a program off the CPUs, as a sentence.
#[must_use]
pub fn starvation_text(starvation: &Starvation) -> String {
    match *starvation {
        Starvation::ObserverDelayed { delay, elapsed } => format!(
            "the machine is busy: the grader was delayed by {} in {}",
            time(delay),
            time(elapsed)
        ),
        Starvation::ProgramWaited { waiting, elapsed } => format!(
            "the machine is busy: the program waited for a CPU for {} of {}",
            time(waiting),
            time(elapsed)
        ),
    }
}

/// The tries of a check on a busy machine, as a sentence.
pub(super) fn tries_text(tries: &Tries) -> String {
    let starvation = starvation_text(&tries.starvation);
    format!("none of {} tries passed; in the last one, {starvation}", tries.count)
}
