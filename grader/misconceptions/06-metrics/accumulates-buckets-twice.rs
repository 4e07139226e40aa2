//! Misconception: the encoder expects the numbers that the page shows.
//! Edits: src/metrics.rs
//!
//! Must fail:
//! - 06/histogram-consistent: the encoder adds up cumulative numbers

impl Histogram {
    pub fn counts(&self) -> [(f64, u64); 5] {
        std::array::from_fn(|index| {
            let up_to_here = &self.buckets[..=index];
            let count = up_to_here.iter().map(|bucket| bucket.load(Relaxed));
            (Self::BOUNDS[index], count.sum())
        })
    }
}
