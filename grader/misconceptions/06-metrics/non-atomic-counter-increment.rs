//! Misconception: an atomic load and an atomic store together are atomic.
//! Edits: src/metrics.rs
//!
//! Nondeterministic: two threads must race
//!
//! Must fail:
//! - 06/no-lost-updates: another thread's store between the two is lost

impl Counter {
    pub fn add(&self, number: u64) {
        let now = self.0.load(Relaxed);
        self.0.store(now + number, Relaxed);
    }
}
