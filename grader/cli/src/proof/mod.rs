//! Proves the grader right: it accepts right programs and rejects each wrong one for the stated reason.
//!
//! The known programs of a lab are its reference, its starter, three null programs, and its misconceptions. These are
//! known-wrong answers in `grader/misconceptions/NN-topic/NAME.rs`; their first lines say which checks must reject
//! them, and why. Beside each, `NAME.txt` records the parts of its first failure, so that it is reviewed like code. If
//! it is nondeterministic at which step the program fails, the file holds several such texts, one after the other. If a
//! slide shows the report, `NAME.report` is the report of a real run.

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
mod policy;
mod shard;
mod verify;

pub use golden::GoldenUpdate;
pub use matrix::{write_all_problems, write_costs, write_proof};
pub use shard::Shard;
pub use verify::{BuiltLab, Proof, build_ahead, merged_program, update_golden, verify};
