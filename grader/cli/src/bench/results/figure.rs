//! A number that was measured in several rounds.

/// The median of a number over several rounds, and its extremes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Figure {
    /// The figure of `numbers`; `None` if there are none.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        let (min, max) = (*numbers.first()?, *numbers.last()?);
        let (low, high) = (numbers[(numbers.len() - 1) / 2], numbers[numbers.len() / 2]);
        Some(Self { median: f64::midpoint(low, high), min, max })
    }

    /// The distance of the farther extreme from the median, relative to the median.
    pub fn spread(&self) -> f64 {
        (self.max - self.median).max(self.median - self.min) / self.median
    }
}
