//! Grades network programs from the outside: starts them, talks to them over loopback, watches them through `/proc`, and
//! reaches verdicts. It knows no particular lab: what a lab's programs must do is in the crate `checks`.
//!
//! - [`verdict`]: kinds of failure, evidence, causes and transcripts as data, and the text made from them.
//! - [`subject`]: a program under test: built, launched below a supervisor, watched, waited for and ended.
//! - [`drive`]: the clients and servers that talk to it, in one run of one check.
//! - [`lab`]: what a lab brings: its data, its protocol and its checks.
//! - [`run`]: which check runs when, which one runs again, and the outcomes.

mod check;
pub mod drive;
pub mod interrupt;
pub mod lab;
pub mod run;
pub mod subject;
pub mod verdict;
