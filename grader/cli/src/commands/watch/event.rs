//! What `watch` reacts to.

use engine::lab::Check;
use engine::run::Outcome;

/// Something to react to.
#[derive(Debug)]
pub(super) enum Event {
    Key(u8),
    /// A file of the lab was changed.
    Changed,
    /// The terminal has another size, or `watch` continues after Ctrl-Z.
    Redraw,
    /// The run with this number says what it is doing.
    Status(u64, String),
    Finished(u64, Finished),
    Quit,
}

/// How a run ended.
#[derive(Debug)]
pub(super) enum Finished {
    /// The compiler's errors.
    NotBuilt(String),
    /// The outcomes of a run with this seed, in the lab's order.
    Checked { seed: u32, outcomes: Vec<Outcome> },
    /// Which checks failed under load, each with the number of runs in which it did.
    Stressed(Vec<(&'static Check, u32)>),
    /// The grader or the machine is at fault.
    Error(String),
}
