//! When the requests of an open loop are due.

use std::time::{Duration, Instant};

/// The moments at which one thread sends. The requests of all threads are evenly spaced, and the threads take turns.
pub(super) struct Schedule {
    pub begin: Instant,
    /// Requests a second, all threads together.
    rate: f64,
    /// Requests, all threads together.
    all: u64,
    /// The number of this thread, and the number of threads.
    thread: u64,
    threads: u64,
}

impl Schedule {
    /// The share of one of `threads` threads in `rate` requests a second for `length`; at least one request in total.
    pub(super) fn new(
        begin: Instant,
        rate: f64,
        length: Duration,
        thread: usize,
        threads: usize,
    ) -> Self {
        let all = ((length.as_secs_f64() * rate) as u64).max(1);
        Self { begin, rate, all, thread: thread as u64, threads: threads as u64 }
    }

    /// How many requests the thread sends.
    pub(super) fn count(&self) -> u64 {
        self.all.saturating_sub(self.thread).div_ceil(self.threads)
    }

    /// When the thread's request number `request` is due, in nanoseconds from the beginning.
    pub(super) fn due(&self, request: u64) -> u64 {
        ((request * self.threads + self.thread) as f64 * 1e9 / self.rate) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_share_evenly_spaced_requests() {
        let begin = Instant::now();
        let share = |thread| Schedule::new(begin, 1000.0, Duration::from_millis(5), thread, 2);
        let (even, odd) = (share(0), share(1));
        assert_eq!((even.count(), odd.count()), (3, 2));
        let all = [even.due(0), odd.due(0), even.due(1), odd.due(1), even.due(2)];
        assert_eq!(all, [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000]);
    }
}
