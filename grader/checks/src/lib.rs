//! What each lab asks of a program.
//!
//! - [`expect`]: assertions, with their waiting and the machine's faults inside.
//! - [`scenarios`]: what several labs check alike, written once, over whatever protocol a lab speaks.
//! - [`labs`]: a module for each lab: its protocol, and its checks, readable as a specification.

pub mod expect;
mod json;
pub mod labs;
pub mod scenarios;

pub use labs::{LABS, find};
