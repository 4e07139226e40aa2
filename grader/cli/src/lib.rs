//! `cargo grader`: the commands, their reports, the proof that verdicts are right, and the benchmark.
//!
//! - [`commands`]: one module for each subcommand.
//! - [`session`]: what a command owns while it builds and runs programs.
//! - `report`: verdicts for people and for machines.
//! - `proof`: grades programs whose verdict is known in advance.
//! - [`mod@bench`]: measures servers instead of judging them.
//! - `sync`: starters, rubrics and lists, generated from the solutions, the checks and the registry of labs.

#[cfg(feature = "bench")]
pub mod bench;
pub mod commands;
mod gaps;
mod guide;
mod misconception;
pub mod null;
mod progress;
#[cfg(feature = "proof")]
mod proof;
mod report;
pub mod session;
pub mod status;
mod style;
mod sync;
mod ticker;
