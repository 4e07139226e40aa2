//! Misconception: a scraper wants what is new.
//! Edits: src/metrics.rs
//!
//! Must fail:
//! - 06/counts-exact: a counter that goes back cannot be added up

impl Counter {
    pub fn get(&self) -> u64 {
        self.0.swap(0, Relaxed)
    }
}
