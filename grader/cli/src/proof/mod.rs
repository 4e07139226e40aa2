//! Proves that the grader is right: that it accepts what is right and rejects what is wrong, each for the stated reason.
//!
//! The known programs of a lab are its reference, its starter, three null programs, and its misconceptions: known-wrong
//! answers in `grader/misconceptions/NN-topic/NAME.rs`, whose first lines say which checks must reject them, and why.
//! Beside each is `NAME.txt`, the text of its first failure, so that wording is reviewed like code; several texts, one
//! after the other, where it is nondeterministic at which step it fails.

mod cache;
mod finding;
mod golden;
mod known;
mod mask;
mod matrix;
mod misconception;
mod policy;
mod verify;

pub use golden::GoldenUpdate;
pub use matrix::{write_all_problems, write_proof};
pub use verify::{Proof, update_golden, verify};
