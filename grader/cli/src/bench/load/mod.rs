//! The load generator: a separate process, so that its CPU time is not counted as the server's or the grader's, and so
//! that it can run on its own CPUs.
//!
//! It is the grader's own executable, started as `grader __load`. The two processes exchange lines of JSON. The load
//! generator reads a `Command` and answers with `Reply::Connected`. The next line that it reads starts the warm-up, the
//! one after that the measurement; it answers each with `Reply::Measured`. Between two lines no request is in flight,
//! so the server's CPU time read there covers whole round trips.
//!
//! A round trip costs it one `write`, one `read`, a share of an `epoll_wait`, and one reading of the clock. It must be
//! about as cheap as the fastest server, or its own cost would hide the differences between servers.

mod client;
mod closed_loop;
mod connecting;
mod driver;
mod epoll_events;
mod open_loop;
mod process;
mod protocol;
mod schedule;
mod tally;
mod threads;

pub use process::main;
pub(super) use protocol::{
    ANSWER_TIMEOUT, Command, Connected, GO_ON, Interval, Latency, Pace, REQUEST_LENGTH, Refusal,
    Reply,
};

/// The first argument that turns the grader into a load generator.
pub const ARGUMENT: &str = "__load";
