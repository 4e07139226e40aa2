//! Reports: for people in a terminal, and for machines.

mod json;
mod model;
mod terminal;

pub use json::{BuildFailure, Document, SCHEMA};
pub use model::{Report, Summary};
