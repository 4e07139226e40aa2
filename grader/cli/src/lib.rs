//! `cargo grader`: the commands, their reports, the proof that verdicts are right, and the benchmark.
//!
//! - [`commands`]: what the command line can be asked for.
//! - [`session`]: what a command owns while it builds and runs programs.
//! - `report`: verdicts for people and for machines.
//! - `proof`: programs whose verdict is known before.
//! - [`mod@bench`]: measures servers instead of judging them.
//! - `sync`: starters, rubrics and lists, written from the solutions, the checks and the registry of labs.

#[cfg(feature = "bench")]
pub mod bench;
pub mod commands;
pub mod null;
#[cfg(feature = "proof")]
mod proof;
mod report;
mod scores;
pub mod session;
pub mod status;
mod style;
mod sync;
