//! Misconception: a load and a store of an atomic are atomic.
//! Edits: src/metrics.rs
//!
//! Nondeterministic: two threads have to meet.
//!
//! Must fail:
//! - 06/no-lost-updates: what another thread stored between the two is lost

impl Counter {
    pub fn add(&self, number: u64) {
        let now = self.0.load(Relaxed);
        self.0.store(now + number, Relaxed);
    }
}
