//! What a benchmark has found, as it is kept in a file: every sample of every round, and the machine they were taken
//! on. Whatever is shown of it (a table, a page) is computed from here.

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
