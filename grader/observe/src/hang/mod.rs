//! Proves that a program hangs (rule R13): nothing will ever happen unless something from outside happens.

mod detector;
mod proof;

pub use detector::HangDetector;
pub use proof::NoProof;
