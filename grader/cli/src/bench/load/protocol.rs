//! The messages between the grader and its load generator, each a line of JSON.

use std::net::SocketAddr;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The length of each request and of its answer, in bytes.
pub(crate) const REQUEST_LENGTH: usize = 64;

/// The timeout for an answer. A server that is silent for longer is not measured.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The line that starts the warm-up, and then the measurement.
pub(crate) const GO_ON: &str = "go on\n";

/// The load generator's task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Command {
    pub address: SocketAddr,
    /// How many connections to open.
    pub connections: usize,
    /// How many of them send requests; the others stay idle.
    pub active: usize,
    pub pace: Pace,
    pub warm_up: Duration,
    pub measure: Duration,
    /// The CPUs to run on, with a thread for each.
    pub cpus: Vec<usize>,
    /// Whether the server runs on other CPUs; then polling the clock takes no CPU time from it.
    pub has_own_cpus: bool,
}

/// When requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pace {
    /// Closed loop: each client sends its next request as soon as it has its answer.
    PingPong,
    /// Open loop: this many requests a second over all clients, at moments that are planned in advance and do not
    /// depend on answers. If all clients are busy, a request waits, and its latency is measured from the planned
    /// moment.
    PerSecond(f64),
}

/// What the load generator reports.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    Connected(Connected),
    /// First for the warm-up, in which every active client sends a request, then for the measurement.
    Measured(Interval),
    /// It cannot do its work, through no fault of the server.
    Unable(String),
}

/// How connecting went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Connected {
    /// How many connections the server holds, as far as that is known.
    pub open: usize,
    /// From the first connect until the server had accepted the last connection.
    pub elapsed: Duration,
    /// Why fewer connections are open than requested, if so.
    pub refusal: Option<Refusal>,
}

/// Why a connection could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refusal {
    /// The server closed or refused it.
    Closed,
    /// It is open, but the server does not answer.
    Silent,
    /// The answer differs from the request.
    Wrong,
}

/// What was measured during the warm-up or the measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Interval {
    pub round_trips: u64,
    pub elapsed: Duration,
    /// CPU time of the load generator itself.
    pub cpu: Duration,
    /// The share of the time in which the busiest thread had work to do, or waited for a CPU: 0 to 1.
    pub busy: f64,
    /// In a closed loop, from the moment of sending; in an open loop, from the planned moment.
    pub latency: Latency,
    /// In an open loop: the same requests, from the moment of sending.
    pub from_sending: Option<Latency>,
    /// In an open loop: how late the load generator itself was, at the 99th percentile.
    pub late: Option<Duration>,
    /// Connections that were closed or reset, including idle ones.
    pub lost: usize,
    /// Connections on which wrong or excess bytes arrived.
    pub wrong: usize,
    /// Requests that were never answered.
    pub unanswered: usize,
}

/// Round-trip times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub p50: Duration,
    pub p99: Duration,
    pub p999: Duration,
    pub worst: Duration,
}

impl Latency {
    /// The percentiles of `times`, which are in nanoseconds.
    pub(super) fn of(times: &Histogram<u64>) -> Self {
        let at = |quantile| Duration::from_nanos(times.value_at_quantile(quantile));
        Self {
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            worst: Duration::from_nanos(times.max()),
        }
    }
}
