//! What several labs check alike, written once. A lab says in its `Service` how its clients get a connection and what a
//! request and its answer are; the scenarios know no more of it.

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
