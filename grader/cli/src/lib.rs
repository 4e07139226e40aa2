//! `cargo grader`: the commands, their reports, and the benchmark.
//!
//! - [`commands`]: one module for each subcommand.
//! - [`session`]: what a command owns while it builds and runs programs.
//! - `report`: verdicts for people and for machines.
//! - [`mod@bench`]: measures servers instead of judging them.
// BEGIN HIDDEN
//! - `proof`: grades programs whose verdict is known in advance.
//! - [`mod@release`]: writes the student edition.
//! - `sync`: starters, rubrics and lists, generated from the solutions, the checks and the registry of labs.
// END HIDDEN

#[cfg(feature = "bench")]
pub mod bench;
pub mod commands;
mod gaps;
mod given;
mod guide;
pub mod null;
mod progress;
mod report;
pub mod session;
pub mod status;
mod style;
mod ticker;

// BEGIN HIDDEN
#[cfg(feature = "maintain")]
mod misconception;
#[cfg(feature = "maintain")]
mod proof;
#[cfg(feature = "maintain")]
pub mod release;
#[cfg(feature = "maintain")]
mod sync;
// END HIDDEN
