//! Tells a busy machine from a slow program (rule R9): whether others used the CPUs for so long that a delay proves
//! nothing.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cpu::CpuTime;
use crate::probe::Probe;

/// A program's CPU time and the observer's own delay at one moment.
#[derive(Clone, Debug)]
pub struct CpuBaseline {
    at: Instant,
    times: HashMap<i32, CpuTime>,
    observer_delay: Duration,
}

impl CpuBaseline {
    /// The values now. `observer_delay` is the total time by which the observer's timers have fired late so far.
    #[must_use]
    pub fn now(probe: Probe, observer_delay: Duration) -> Self {
        Self { at: Instant::now(), times: probe.cpu_times(), observer_delay }
    }

    /// The values when the program started, at `start`: no CPU time and no delay.
    #[must_use]
    pub fn at_start(start: Instant) -> Self {
        Self { at: start, times: HashMap::new(), observer_delay: Duration::ZERO }
    }

    /// What share of the CPUs the program and the observer have had since then. `observer_delay` is the total so far,
    /// as in [`Self::now`].
    #[must_use]
    pub fn pressure(&self, probe: Probe, observer_delay: Duration) -> CpuPressure {
        let elapsed = self.at.elapsed();
        let (mut running, mut waiting) = (Duration::ZERO, Duration::ZERO);
        for (tid, now) in probe.cpu_times() {
            let before = self.times.get(&tid).copied().unwrap_or_default();
            running += now.running.saturating_sub(before.running);
            waiting = waiting.max(now.waiting.saturating_sub(before.waiting));
        }
        CpuPressure {
            elapsed,
            waiting,
            running,
            observer_delay: observer_delay.saturating_sub(self.observer_delay),
            cpus: std::thread::available_parallelism().map_or(1, usize::from) as u32,
        }
    }
}

/// What share of the CPUs a program and its observer had during an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuPressure {
    pub elapsed: Duration,
    /// The longest time that a thread of the program could have run but waited for a CPU.
    pub waiting: Duration,
    /// The total time that the program's threads were on a CPU.
    pub running: Duration,
    /// The total time by which the observer's timers fired late.
    pub observer_delay: Duration,
    /// The number of CPUs.
    pub cpus: u32,
}

/// The fraction of the elapsed time for which a program may have waited for a CPU, as its denominator; for the observer's
/// delay, two thirds of that (rule R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StarvationThreshold {
    /// Above this, a delay proves nothing about the program.
    Half = 2,
    /// Above this, a delay must be confirmed by another try.
    Sixth = 6,
}

/// How the machine kept a program, or its observer, off the CPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "starvation", rename_all = "snake_case")]
pub enum Starvation {
    /// The observer's timers fired late by `delay` in total during `elapsed`.
    ObserverDelayed {
        #[serde(rename = "delay_ms", serialize_with = "milliseconds")]
        delay: Duration,
        #[serde(rename = "elapsed_ms", serialize_with = "milliseconds")]
        elapsed: Duration,
    },
    /// A thread of the program waited for a CPU for `waiting` of `elapsed`.
    ProgramWaited {
        #[serde(rename = "waiting_ms", serialize_with = "milliseconds")]
        waiting: Duration,
        #[serde(rename = "elapsed_ms", serialize_with = "milliseconds")]
        elapsed: Duration,
    },
}

fn milliseconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1e4).round() / 10.0)
}

impl CpuPressure {
    /// Whether others used the CPUs for more than `threshold` of the time; if so, how that showed (rule R9).
    #[must_use]
    pub fn was_starved(&self, threshold: StarvationThreshold) -> Option<Starvation> {
        let Self { elapsed, waiting, running, observer_delay: delay, cpus } = *self;
        let limit = elapsed / threshold as u32;
        if delay > limit * 2 / 3 {
            return Some(Starvation::ObserverDelayed { delay, elapsed });
        }
        // A program that keeps the CPUs busy waits for itself.
        let waits_for_itself = running >= elapsed * cpus / 2;
        (waiting > limit && !waits_for_itself)
            .then_some(Starvation::ProgramWaited { waiting, elapsed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn millis(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    /// A second on two CPUs, in milliseconds.
    fn pressure(waiting: u64, running: u64, delay: u64) -> CpuPressure {
        CpuPressure {
            elapsed: SECOND,
            waiting: millis(waiting),
            running: millis(running),
            observer_delay: millis(delay),
            cpus: 2,
        }
    }

    #[test]
    fn a_quiet_machine_starves_no_program() {
        // An idle server, and one that uses a whole CPU.
        for quiet in [pressure(0, 2, 0), pressure(20, 999, 1)] {
            assert_eq!(quiet.was_starved(StarvationThreshold::Half), None);
            assert_eq!(quiet.was_starved(StarvationThreshold::Sixth), None);
        }
    }

    #[test]
    fn a_program_that_waits_for_a_cpu_is_starved() {
        let waited = |waiting| Some(Starvation::ProgramWaited { waiting, elapsed: SECOND });
        let beside_spinners = pressure(620, 310, 30);
        let starved = beside_spinners.was_starved(StarvationThreshold::Half);
        assert_eq!(starved, waited(millis(620)));
        // A value at the limit is not above it.
        assert_eq!(pressure(500, 310, 30).was_starved(StarvationThreshold::Half), None);
        let sixth = pressure(200, 310, 30).was_starved(StarvationThreshold::Sixth);
        assert_eq!(sixth, waited(millis(200)));
        assert_eq!(pressure(200, 310, 30).was_starved(StarvationThreshold::Half), None);
    }

    #[test]
    fn a_program_that_keeps_the_cpus_busy_waits_for_itself() {
        // Eight threads that spin on two CPUs: each waits three quarters of the time.
        assert_eq!(pressure(750, 2000, 0).was_starved(StarvationThreshold::Half), None);
        assert_eq!(pressure(750, 1000, 0).was_starved(StarvationThreshold::Half), None);
        assert!(pressure(750, 999, 0).was_starved(StarvationThreshold::Half).is_some());
    }

    #[test]
    fn an_observer_that_is_late_itself_judges_nothing() {
        let delayed = |delay| Some(Starvation::ObserverDelayed { delay, elapsed: SECOND });
        // Two thirds of a half, and of a sixth.
        assert_eq!(pressure(0, 0, 333).was_starved(StarvationThreshold::Half), None);
        let half = pressure(0, 0, 334).was_starved(StarvationThreshold::Half);
        assert_eq!(half, delayed(millis(334)));
        let sixth = pressure(0, 0, 112).was_starved(StarvationThreshold::Sixth);
        assert_eq!(sixth, delayed(millis(112)));
        // Even if the program kept the CPUs busy.
        assert!(pressure(0, 2000, 400).was_starved(StarvationThreshold::Half).is_some());
    }

    #[test]
    fn a_baseline_counts_from_then_on() {
        let this = Probe::of(std::process::id().cast_signed());
        let baseline = CpuBaseline::now(this, millis(70));
        let pressure = baseline.pressure(this, millis(100));
        assert_eq!(pressure.observer_delay, millis(30));
        let since_start = CpuBaseline::at_start(Instant::now()).pressure(this, millis(100));
        assert_eq!(since_start.observer_delay, millis(100));
        assert!(since_start.running >= pressure.running);
    }
}
