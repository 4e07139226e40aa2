//! Misconception: errors that have not happened need no series.
//! Edits: src/metrics.rs
//!
//! Must fail:
//! - 06/errors-by-kind: a kind is missing at the start

impl Metrics {
    pub fn describe(&self, page: &mut Page<'_>) -> fmt::Result {
        page.counter(
            "echo_connections",
            "Clients accepted",
            self.connections.get(),
        )?;
        page.counter("echo_requests", "Lines answered", self.requests.get())?;
        page.counter(
            "echo_received_bytes",
            "Bytes read from clients",
            self.received.get(),
        )?;
        page.counter(
            "echo_sent_bytes",
            "Bytes written to clients",
            self.sent.get(),
        )?;
        let errors =
            ErrorKind::ALL.map(|kind| (kind.name(), self.errors(kind).get()));
        let errors = errors.into_iter().filter(|(_, count)| *count > 0);
        page.counters("echo_errors", "What went wrong", "kind", errors)?;
        let active =
            i64::try_from(self.active.load(Relaxed)).unwrap_or(i64::MAX);
        page.gauge(
            "echo_connections_active",
            "Clients that are there now",
            active,
        )?;
        page.histogram(
            "echo_request_duration_seconds",
            "From the line to its answer",
            self.durations.sum(),
            &self.durations.counts(),
        )
    }
}
