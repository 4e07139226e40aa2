//! What several labs check alike, written once. A lab says in its `Service` how its clients get a connection and what a
//! request and its answer are; the scenarios know no more of it.

pub mod byte_echo;
mod causes;
pub mod clock;
pub mod crowd;
pub mod echo;
mod line_causes;
pub mod lines;
pub mod memory;
pub mod reset;
pub mod resources;
pub mod visit;
