//! Misconception: the encoder wants what the page shows.
//! Edits: src/metrics.rs
//!
//! Must fail:
//! - 06/histogram-consistent: it adds up what was added up already

impl Histogram {
    pub fn counts(&self) -> [(f64, u64); 5] {
        std::array::from_fn(|index| {
            let up_to_here = &self.buckets[..=index];
            let count = up_to_here.iter().map(|bucket| bucket.load(Relaxed));
            (Self::BOUNDS[index], count.sum())
        })
    }
}
