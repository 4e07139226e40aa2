//! The numbers that the lab asks for, by their names on the metrics page.

use std::fmt;

use exposition::Exposition;

/// A number on the page: its name, and the value of its label `kind` if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) name: &'static str,
    kind: Option<&'static str>,
}

impl Number {
    const fn plain(name: &'static str) -> Self {
        Self { name, kind: None }
    }

    /// The errors of one of [`KINDS`].
    pub(super) const fn errors(kind: &'static str) -> Self {
        Self { name: ERRORS, kind: Some(kind) }
    }

    /// Its value on `page`; `None` if the page lacks it.
    pub(super) fn on(self, page: &Exposition) -> Option<f64> {
        match self.kind {
            None => page.value(self.name, &[]),
            Some(kind) => page.value(self.name, &[("kind", kind)]),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            None => f.write_str(self.name),
            Some(kind) => write!(f, "{}{{kind=\"{kind}\"}}", self.name),
        }
    }
}

pub(super) const CONNECTIONS: Number = Number::plain("echo_connections_total");
pub(super) const ACTIVE: Number = Number::plain("echo_connections_active");
pub(super) const REQUESTS: Number = Number::plain("echo_requests_total");
pub(super) const RECEIVED: Number = Number::plain("echo_received_bytes_total");
pub(super) const SENT: Number = Number::plain("echo_sent_bytes_total");
pub(super) const ERRORS: &str = "echo_errors_total";
pub(super) const DURATION: &str = "echo_request_duration_seconds";
pub(super) const DURATION_COUNT: Number = Number::plain("echo_request_duration_seconds_count");
pub(super) const DURATION_SUM: Number = Number::plain("echo_request_duration_seconds_sum");

/// The values of the label `kind` of [`ERRORS`].
pub(super) const KINDS: [&str; 5] = ["line_too_long", "not_utf8", "bad_sleep", "io", "panic"];

/// The upper bounds of the histogram's buckets, in seconds.
pub(super) const BOUNDS: [f64; 5] = [0.001, 0.01, 0.1, 1.0, f64::INFINITY];

/// The names of all numbers that only grow.
pub(super) const GROWING: [&str; 8] = [
    CONNECTIONS.name,
    REQUESTS.name,
    RECEIVED.name,
    SENT.name,
    ERRORS,
    DURATION_COUNT.name,
    DURATION_SUM.name,
    "echo_request_duration_seconds_bucket",
];
