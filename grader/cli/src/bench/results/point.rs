//! The ways to load a server.

use serde::{Deserialize, Serialize};

/// How many clients send beside idle ones.
pub(crate) const ACTIVE: usize = 10;

/// How many clients share requests at a fixed rate.
pub(crate) const FIXED_RATE_CLIENTS: usize = 100;

/// One way to load a server.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub scenario: Scenario,
    pub connections: usize,
    /// How many of the connections send requests.
    pub active: usize,
}

// `--help` prints the comments of its variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scenario {
    /// Each client sends its next request as soon as it has its answer
    PingPong,
    /// 10 clients send requests, beside idle ones
    Idle,
    /// Requests are sent at a fixed rate, whether earlier ones are answered or not
    FixedRate,
}
