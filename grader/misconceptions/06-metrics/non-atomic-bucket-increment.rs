//! Misconception: writes to a bucket are too rare to collide.
//! Edits: src/metrics.rs
//!
//! Nondeterministic: two threads must race
//!
//! Must fail:
//! - 06/histogram-consistent: two threads write to the same bucket

impl Histogram {
    pub fn observe(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bucket = Self::BOUNDS.partition_point(|&bound| bound < seconds);
        let now = self.buckets[bucket].load(Relaxed);
        self.buckets[bucket].store(now + 1, Relaxed);
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.sum_nanos.fetch_add(nanos, Relaxed);
    }
}
