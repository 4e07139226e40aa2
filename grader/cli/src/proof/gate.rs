//! Decides how many programs run simultaneously.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use procfs::{CurrentSI, KernelStats};

/// This many programs may always run: a run is mostly waiting.
const MIN: usize = 3;
/// This many may run while CPUs are idle. With more, programs that start computing simultaneously would prevent each
/// other's verdicts.
const MAX: usize = 6;
/// Beyond [`MIN`], another program may start only if at least this share of the CPU time was idle over a [`PERIOD`].
const IDLE: f64 = 0.4;
/// How long idleness is measured after the last start or sample.
const PERIOD: Duration = Duration::from_secs(1);

/// Admits programs.
pub(super) struct Gate {
    state: Mutex<State>,
}

struct State {
    running: usize,
    sampled: Instant,
    times: Times,
}

/// CPU time of the machine since it booted, in ticks.
#[derive(Clone, Copy, Default)]
struct Times {
    idle: u64,
    all: u64,
}

impl Times {
    /// The times now. If they cannot be read, the machine is assumed to be busy.
    fn now() -> Self {
        let Ok(stats) = KernelStats::current() else { return Self::default() };
        let total = stats.total;
        // Low-priority work, such as the build of the next lab, yields the CPU to a program that needs it.
        let idle = total.idle + total.iowait.unwrap_or(0) + total.nice;
        let busy = total.user + total.system + total.irq.unwrap_or(0);
        let busy = busy + total.softirq.unwrap_or(0) + total.steal.unwrap_or(0);
        Self { idle, all: idle + busy }
    }

    /// The share of the CPU time since `before` that was idle.
    fn idle_since(self, before: Self) -> f64 {
        let all = self.all.saturating_sub(before.all);
        if all == 0 { 0.0 } else { self.idle.saturating_sub(before.idle) as f64 / all as f64 }
    }
}

/// Admission of one program, until this is dropped.
pub(super) struct Pass<'g>(&'g Gate);

impl Gate {
    pub(super) fn new() -> Self {
        Self::at(Instant::now(), Times::now())
    }

    fn at(sampled: Instant, times: Times) -> Self {
        Self { state: Mutex::new(State { running: 0, sampled, times }) }
    }

    /// The maximum number of programs admitted.
    pub(super) const fn capacity() -> usize {
        MAX
    }

    /// Waits until another program may run; `None` once `is_over` says that no more need to.
    pub(super) fn enter(&self, is_over: impl Fn() -> bool) -> Option<Pass<'_>> {
        /// The pause between two attempts.
        const PAUSE: Duration = Duration::from_millis(50);
        while !is_over() {
            if self.try_enter(Instant::now(), Times::now) {
                return Some(Pass(self));
            }
            #[allow(clippy::disallowed_methods, reason = "no event reports that CPUs are idle")]
            std::thread::sleep(PAUSE);
        }
        None
    }

    fn try_enter(&self, now: Instant, times: impl Fn() -> Times) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_idle = false;
        if state.running >= MIN && now - state.sampled >= PERIOD {
            is_idle = times().idle_since(state.times) >= IDLE;
            (state.sampled, state.times) = (now, times());
        }
        let may_enter = state.running < MIN || state.running < MAX && is_idle;
        if may_enter {
            state.running += 1;
            (state.sampled, state.times) = (now, times());
        }
        may_enter
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).running -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_minimum_programs_are_admitted_one_by_one_while_cpus_are_idle() {
        let begin = Instant::now();
        let gate = Gate::at(begin, Times::default());
        // This many seconds later, 80 % of them idle.
        let enter = |seconds: u64| {
            let times = Times { idle: 80 * seconds, all: 100 * seconds };
            gate.try_enter(begin + Duration::from_secs(seconds), || times)
        };
        for _ in 0..MIN {
            assert!(enter(0));
        }
        assert!(!enter(0), "nothing is known yet");
        assert!(enter(1));
        assert!(!enter(1), "the last one has just started");
        assert!(enter(2));
        let busy = Times { idle: 160, all: 300 };
        assert!(!gate.try_enter(begin + Duration::from_secs(3), || busy));
        for _ in 0..3 {
            drop(Pass(&gate));
        }
        assert!(gate.try_enter(begin + Duration::from_secs(3), || busy), "fewer than the minimum");
    }

    #[test]
    fn no_program_is_admitted_when_the_proof_is_over() {
        assert!(Gate::new().enter(|| true).is_none());
    }
}
