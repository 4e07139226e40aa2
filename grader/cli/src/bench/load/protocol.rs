//! What the grader and its load generator say to each other, each on a line of JSON.

use std::net::SocketAddr;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The length of each request and of its answer, in bytes.
pub(crate) const REQUEST_LENGTH: usize = 64;

/// How long an answer may take. A server that is silent for longer is not measured.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The line that starts the warm-up, and then the measurement.
pub(crate) const GO_ON: &str = "go on\n";

/// What the load generator has to do.
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
    /// Whether the server runs on other CPUs: then a thread that polls the clock takes no CPU time from it.
    pub has_own_cpus: bool,
}

/// When requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pace {
    /// Closed loop: each client sends its next request as soon as it has its answer.
    PingPong,
    /// Open loop: so many requests a second over all clients, at times that are planned in advance and do not depend
    /// on answers. A request that finds all clients busy waits, and its latency counts from its planned time.
    PerSecond(f64),
}

/// What the load generator reports.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    Connected(Connected),
    /// First of the warm-up, in which every active client has sent a request, then of the measurement.
    Measured(Interval),
    /// It cannot do its work, through no fault of the server's.
    Unable(String),
}

/// How connecting went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Connected {
    /// How many connections the server holds, as far as that is known.
    pub open: usize,
    /// From the first connect until the server had accepted the last connection.
    pub elapsed: Duration,
    /// Why there are not as many as asked for, if so.
    pub refusal: Option<Refusal>,
}

/// Why a connection could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refusal {
    /// The server closed it, or did not take it.
    Closed,
    /// It is open, but the server does not answer.
    Silent,
    /// The answer differs from the request.
    Wrong,
}

/// What was measured over the warm-up, or over the measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Interval {
    pub round_trips: u64,
    pub elapsed: Duration,
    /// CPU time of the load generator itself.
    pub cpu: Duration,
    /// For how much of the time the busiest thread had work to do, or waited for a CPU: 0 to 1.
    pub busy: f64,
    /// Of a closed loop, from the moment of sending; of an open loop, from the planned moment.
    pub latency: Latency,
    /// Of an open loop: the same requests, from the moment of sending.
    pub from_sending: Option<Latency>,
    /// Of an open loop: by how much the load generator itself was late, at the 99th percentile.
    pub late: Option<Duration>,
    /// Connections that were closed or reset, idle ones included.
    pub lost: usize,
    /// Connections on which other bytes arrived than were sent, or more.
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
