//! Rules about several lines of a page: the family of each sample, the order of the lines, and the parts of
//! counters, histograms and summaries.

mod faults;
mod linter;
mod metadata;
mod order;
mod points;
mod sample;
mod value;

pub(crate) use linter::Linter;
