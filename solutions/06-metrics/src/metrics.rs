//! What the server counts. Many threads count while a scrape reads, so every
//! number is an atomic.
//!
//! `Relaxed` is enough for all of them: a count says nothing about other memory.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
// BEGIN HIDDEN
use std::sync::atomic::Ordering::Relaxed;
// END HIDDEN

use crate::exposition::Page;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Task 1: adds `number`.
    // ANCHOR: add
    pub fn add(&self, number: u64) {
        // BEGIN SOLUTION: task 1: one atomic step, not two
        self.0.fetch_add(number, Relaxed);
        // END SOLUTION
    }
    // ANCHOR_END: add

    /// Task 1: returns the current count.
    pub fn get(&self) -> u64 {
        // BEGIN SOLUTION: task 1: load
        self.0.load(Relaxed)
        // END SOLUTION
    }
}

/// The kinds of errors: the values of the label `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    LineTooLong,
    NotUtf8,
    BadSleep,
    /// The connection broke.
    Io,
    Panic,
}

impl ErrorKind {
    pub const ALL: [Self; 5] = [
        Self::LineTooLong,
        Self::NotUtf8,
        Self::BadSleep,
        Self::Io,
        Self::Panic,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::LineTooLong => "line_too_long",
            Self::NotUtf8 => "not_utf8",
            Self::BadSleep => "bad_sleep",
            Self::Io => "io",
            Self::Panic => "panic",
        }
    }
}

/// How long requests take, in buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    /// How many fell into each bucket but no lower one; see [`Self::BOUNDS`].
    buckets: [AtomicU64; 5],
    /// The sum of all durations.
    sum_nanos: AtomicU64,
}

impl Histogram {
    /// The upper bound of each bucket, in seconds, inclusive.
    pub const BOUNDS: [f64; 5] = [0.001, 0.01, 0.1, 1.0, f64::INFINITY];

    /// Task 3: puts `time` into its bucket.
    pub fn observe(&self, time: Duration) {
        // BEGIN SOLUTION: task 3: count it in the first bucket with a bound >= it
        let seconds = time.as_secs_f64();
        let bucket = Self::BOUNDS.partition_point(|&bound| bound < seconds);
        self.buckets[bucket].fetch_add(1, Relaxed);
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.sum_nanos.fetch_add(nanos, Relaxed);
        // END SOLUTION
    }

    /// Task 3: each upper bound, with the number in its bucket alone.
    pub fn counts(&self) -> [(f64, u64); 5] {
        // BEGIN SOLUTION: task 3: bounds and buckets, side by side
        std::array::from_fn(|index| {
            (Self::BOUNDS[index], self.buckets[index].load(Relaxed))
        })
        // END SOLUTION
    }

    /// Task 3: the sum of all times, in seconds.
    pub fn sum(&self) -> f64 {
        // BEGIN SOLUTION: task 3: a Duration converts
        Duration::from_nanos(self.sum_nanos.load(Relaxed)).as_secs_f64()
        // END SOLUTION
    }
}

/// Everything that the server counts.
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
}

impl Metrics {
    /// Given: the counter for one kind of error.
    pub fn errors(&self, kind: ErrorKind) -> &Counter {
        &self.errors[kind as usize]
    }

    /// Writes all metrics, under their names in the contract. Task 1: the
    /// counters; task 2: the gauge; task 3: the histogram. Begin with
    /// `page.counter("echo_connections", "Clients accepted", …)?`.
    ///
    /// # Errors
    ///
    /// Those of `page`.
    pub fn describe(&self, page: &mut Page<'_>) -> fmt::Result {
        // BEGIN SOLUTION: tasks 1 to 3: page.counter, counters, gauge, histogram
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
        // END SOLUTION
    }
}

/// Counts a client as connected while this value lives: however a task ends,
/// everything it owns is dropped.
pub struct Active(Arc<Metrics>);

// ANCHOR: guard
impl Active {
    /// Task 2: counts one more client.
    pub fn begin(metrics: &Arc<Metrics>) -> Self {
        // BEGIN SOLUTION: task 2: raise the gauge, and keep the metrics
        metrics.active.fetch_add(1, Relaxed);
        Self(Arc::clone(metrics))
        // END SOLUTION
    }
}

impl Drop for Active {
    /// Task 2: counts one client fewer.
    fn drop(&mut self) {
        // BEGIN SOLUTION: task 2: lower the gauge
        self.0.active.fetch_sub(1, Relaxed);
        // END SOLUTION
    }
}
// ANCHOR_END: guard
