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
    /// Which checks did not pass in every run under load.
    Stressed(Vec<Troubled>),
    /// The grader or the machine is at fault.
    Error(String),
}

/// A check that did not pass in every run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Troubled {
    pub(super) check: &'static Check,
    /// In how many runs it failed.
    pub(super) failed: u32,
    /// In how many runs it was inconclusive.
    pub(super) inconclusive: u32,
}
