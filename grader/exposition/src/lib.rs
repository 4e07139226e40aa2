//! A strict reader of what a server answers to `GET /metrics`: Prometheus text 0.0.4 and
//! OpenMetrics text 1.0.0.
//!
//! [`Exposition::read`] continues after a mistake: a malformed line becomes a [`Fault`] and is left
//! out, and the samples of all other lines are kept. `prometheus` and `openmetrics` know the syntax
//! of one line, over a common `lexer`; `lint` knows what the lines mean together: names, their
//! order, and what counters, histograms and summaries must consist of.
//!
//! The specifications decide; where they leave doubt, Prometheus (`promtool`) does, and a comment
//! says so. Labels and families whose names begin with an underscore are reserved in both formats,
//! but no reader refuses them, so they are allowed here (except for `__name__`).

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
