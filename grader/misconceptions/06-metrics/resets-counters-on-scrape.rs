//! Misconception: a scraper wants only what is new.
//! Edits: src/metrics.rs
//!
//! Must fail:
//! - 06/counts-exact: a counter must not decrease

impl Counter {
    pub fn get(&self) -> u64 {
        self.0.swap(0, Relaxed)
    }
}
