//! Misconception: a duration is measured in milliseconds.
//! Edits: src/metrics.rs
//!
//! Must fail:
//! - 06/histogram-places: 30 ms fall into the bucket for 30 seconds

impl Histogram {
    pub fn observe(&self, time: Duration) {
        let seconds = time.as_secs_f64() * 1000.0;
        let bucket = Self::BOUNDS.partition_point(|&bound| bound < seconds);
        self.buckets[bucket].fetch_add(1, Relaxed);
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.sum_nanos.fetch_add(nanos, Relaxed);
    }

    pub fn sum(&self) -> f64 {
        Duration::from_nanos(self.sum_nanos.load(Relaxed)).as_secs_f64()
            * 1000.0
    }
}
