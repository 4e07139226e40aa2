//! Proves that a program hangs (rule R13): it will never do anything unless something happens outside.

mod detector;
mod proof;

pub use detector::HangDetector;
pub use proof::NoProof;
