//! Misconception: a label can hold anything worth knowing.
//! Edits: src/metrics.rs
//!
//! Must fail:
//! - 06/no-label-growth: each client adds a series that is never removed

use std::collections::BTreeSet;
use std::sync::Mutex;

#[derive(Debug, Default)]
pub struct Metrics {
    /// Clients accepted.
    pub connections: Counter,
    /// Clients connected now; see [`Active`].
    active: AtomicU64,
    /// Lines answered with `ECHO` or `ERR bad sleep`.
    pub requests: Counter,
    /// Bytes read and written, including newlines and error lines.
    pub received: Counter,
    pub sent: Counter,
    /// In the order of [`ErrorKind::ALL`].
    errors: [Counter; 5],
    pub durations: Histogram,
    clients: Mutex<BTreeSet<String>>,
}

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
        page.counters("echo_errors", "What went wrong", "kind", errors)?;
        let clients = self.clients.lock().unwrap();
        let clients = clients.iter().map(|client| (client.as_str(), 1));
        page.counters("echo_clients", "Clients seen", "client", clients)?;
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

impl Active {
    pub fn begin(metrics: &Arc<Metrics>) -> Self {
        metrics.active.fetch_add(1, Relaxed);
        let client = format!("client {}", metrics.connections.get());
        metrics.clients.lock().unwrap().insert(client);
        Self(Arc::clone(metrics))
    }
}
