//! A strict reader of the answer to `GET /metrics`, in Prometheus text 0.0.4 or OpenMetrics text
//! 1.0.0.
//!
//! [`Exposition::read`] continues after an error: a malformed line becomes a [`Fault`], and the samples
//! of all other lines are kept. `prometheus` and `openmetrics` parse single lines with a common
//! `lexer`; `lint` checks the rules about several lines: their names, their order, and the parts of
//! counters, histograms and summaries.
//!
//! The specifications decide. Where they are unclear, Prometheus (`promtool`) decides, and a comment says so. Both
//! formats reserve some names that begin with an underscore, but no reader refuses them, so they are allowed here
//! (except `__name__`).

mod format;
mod lexer;
mod line;
mod lint;
mod model;
mod openmetrics;
mod prometheus;
mod reader;
mod text;

#[cfg(test)]
mod pages;

pub use format::{Format, Kind};
pub use model::{Exposition, Family, Fault, Labels, Sample};
