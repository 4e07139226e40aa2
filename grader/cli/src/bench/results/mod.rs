//! The results of a benchmark, as stored in a file: every sample of every round, and the machine. Tables and pages are
//! computed from them.

mod document;
mod figure;
mod machine;
mod measurement;
mod not_measured;
mod point;
#[cfg(test)]
mod tests;

pub(crate) use document::Results;
pub(super) use figure::Figure;
pub(crate) use machine::Machine;
pub(super) use measurement::{FULL, Measurement, ROUNDS_TO_RANK, Sample};
pub(crate) use not_measured::NotMeasured;
pub(crate) use point::{ACTIVE, FIXED_RATE_CLIENTS, Point, Scenario};
