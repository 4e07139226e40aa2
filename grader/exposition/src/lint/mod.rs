//! What the lines of a page mean together: which family a sample belongs to, the order of the
//! lines, and what counters, histograms and summaries must consist of.

mod faults;
mod linter;
mod metadata;
mod order;
mod points;
mod sample;
mod value;

pub(crate) use linter::Linter;
