//! Checks that several labs share. A lab's `Service` says how its clients connect and what a request and its answer
//! are; the scenarios know no more about the lab.

pub mod byte_echo;
mod causes;
pub(crate) mod client_program;
pub(crate) mod connection_limit;
pub(crate) mod crowd;
pub(crate) mod descriptors;
pub(crate) mod echo;
mod line_causes;
pub(crate) mod lines;
pub(crate) mod reset;
pub(crate) mod resources;
