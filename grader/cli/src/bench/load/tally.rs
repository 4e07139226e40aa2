//! The counts of a thread.

use std::time::Duration;

use anyhow::{Result, anyhow};
use hdrhistogram::Histogram;

use super::protocol::{ANSWER_TIMEOUT, Interval, Latency, Pace};

/// The counts of one thread, or of all together. Times are in nanoseconds.
pub(super) struct Tally {
    pub round_trips: u64,
    pub latency: Histogram<u64>,
    pub from_sending: Histogram<u64>,
    pub late: Histogram<u64>,
    pub lost: usize,
    pub wrong: usize,
    pub unanswered: usize,
    /// As [`Interval::busy`].
    pub busy: f64,
}

impl Tally {
    /// A tally for requests over `length`.
    pub(super) fn new(length: Duration) -> Result<Self> {
        // Histograms of a fixed size: growing them during the measurement would take time.
        let max = (length + 2 * ANSWER_TIMEOUT).as_nanos() as u64;
        let new =
            || Histogram::new_with_max(max, 3).map_err(|error| anyhow!("no histogram: {error}"));
        Ok(Self {
            round_trips: 0,
            latency: new()?,
            from_sending: new()?,
            late: new()?,
            lost: 0,
            wrong: 0,
            unanswered: 0,
            busy: 0.0,
        })
    }

    /// Adds up the counts of all threads over `length`; `busy` is the largest.
    pub(super) fn sum(tallies: &[Self], length: Duration) -> Result<Self> {
        let mut sum = Self::new(length)?;
        for tally in tallies {
            sum.round_trips += tally.round_trips;
            sum.lost += tally.lost;
            sum.wrong += tally.wrong;
            sum.unanswered += tally.unanswered;
            sum.busy = sum.busy.max(tally.busy);
            for (sum, one) in [
                (&mut sum.latency, &tally.latency),
                (&mut sum.from_sending, &tally.from_sending),
                (&mut sum.late, &tally.late),
            ] {
                sum.add(one).map_err(|error| anyhow!("histograms do not add up: {error}"))?;
            }
        }
        Ok(sum)
    }

    /// The result, if all threads together took `elapsed`, and `cpu` of CPU time.
    pub(super) fn into_interval(self, pace: Pace, elapsed: Duration, cpu: Duration) -> Interval {
        let is_open_loop = matches!(pace, Pace::PerSecond(_));
        Interval {
            round_trips: self.round_trips,
            elapsed,
            cpu,
            busy: self.busy,
            latency: Latency::of(&self.latency),
            from_sending: is_open_loop.then(|| Latency::of(&self.from_sending)),
            late: is_open_loop.then(|| Duration::from_nanos(self.late.value_at_quantile(0.99))),
            lost: self.lost,
            wrong: self.wrong,
            unanswered: self.unanswered,
        }
    }
}
