//! Proves that the grader is right: that it accepts what is right and rejects what is wrong, each for the stated reason.
//!
//! The known programs of a lab are its reference, its starter, three null programs, and its misconceptions: known-wrong
//! answers in `grader/misconceptions/NN-topic/NAME.rs`, whose first lines say which checks must reject them, and why.
//! Beside each is `NAME.txt`, what its first failure is made of, so that it is reviewed like code; several such texts, one
//! after the other, where it is nondeterministic at which step it fails. Where a slide shows the report, `NAME.report` is
//! that of a real run.

mod cache;
mod excerpt;
mod finding;
mod format;
mod gate;
mod golden;
mod known;
mod mask;
mod matrix;
mod merge;
mod misconception;
mod policy;
mod shard;
mod verify;

pub use golden::GoldenUpdate;
pub use matrix::{write_all_problems, write_costs, write_proof};
pub use shard::Shard;
pub use verify::{BuiltLab, Proof, build_ahead, merged_program, update_golden, verify};
