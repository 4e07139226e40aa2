//! What the server counts. Many threads count while a scrape reads, so every
//! number is an atomic.
//!
//! `Relaxed` is enough for all of them: a count says nothing about other memory.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use crate::exposition::Page;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Task 1: adds `number`.
    pub fn add(&self, number: u64) {
        todo!("task 1: one atomic step, not two")
    }

    /// Task 1: returns the current count.
    pub fn get(&self) -> u64 {
        todo!("task 1: load")
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
        todo!("task 3: count it in the first bucket with a bound >= it")
    }

    /// Task 3: each upper bound, with the number in its bucket alone.
    pub fn counts(&self) -> [(f64, u64); 5] {
        todo!("task 3: bounds and buckets, side by side")
    }

    /// Task 3: the sum of all times, in seconds.
    pub fn sum(&self) -> f64 {
        todo!("task 3: a Duration converts")
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
        todo!("tasks 1 to 3: page.counter, counters, gauge, histogram")
    }
}

/// Counts a client as connected while this value lives: however a task ends,
/// everything it owns is dropped.
pub struct Active(Arc<Metrics>);

impl Active {
    /// Task 2: counts one more client.
    pub fn begin(metrics: &Arc<Metrics>) -> Self {
        todo!("task 2: raise the gauge, and keep the metrics")
    }
}

impl Drop for Active {
    /// Task 2: counts one client fewer.
    fn drop(&mut self) {
        todo!("task 2: lower the gauge")
    }
}
