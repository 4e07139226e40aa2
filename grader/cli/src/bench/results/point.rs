//! The ways to load a server.

use serde::{Deserialize, Serialize};

/// How many clients send requests among idle ones.
pub(crate) const ACTIVE: usize = 10;

/// How many clients share the requests at a fixed rate.
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
    /// Each client sends its next request as soon as it has received its answer
    PingPong,
    /// 10 clients send requests among idle ones
    Idle,
    /// Requests are sent at a fixed rate, whether or not earlier ones have been answered
    FixedRate,
}
