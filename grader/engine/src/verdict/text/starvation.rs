//! How a busy machine kept a program from the CPUs, in words.

use course::text::time;
use observe::Starvation;

use crate::verdict::evidence::Tries;

/// What kept a program from the CPUs, in a sentence.
#[must_use]
pub fn starvation_text(starvation: &Starvation) -> String {
    match *starvation {
        Starvation::ObserverDelayed { delay, elapsed } => {
            format!("the machine is busy: the grader was {} late in {}", time(delay), time(elapsed))
        }
        Starvation::ProgramWaited { waiting, elapsed } => format!(
            "the machine is busy: the program waited {} of {} for a CPU",
            time(waiting),
            time(elapsed)
        ),
    }
}

/// The tries of a check on a busy machine, in a sentence.
pub(super) fn tries_text(tries: &Tries) -> String {
    let starvation = starvation_text(&tries.starvation);
    format!("none of {} tries passed; in the last, {starvation}", tries.count)
}
