//! Watches a program during waits: proves that it hangs (rule R13), and tells a busy machine from a slow program (rule
//! R9).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use observe::{CpuBaseline, HangDetector, InFlight, Probe, Starvation, StarvationThreshold};
use tokio::sync::watch;

use super::endpoint::Endpoint;

/// The time between two samples of the threads (rule R13).
pub(super) const TICK: Duration = Duration::from_millis(50);

/// Proves hangs (rule R13) while a wait is in progress.
pub(super) struct Watchdog {
    /// When each wait in progress began.
    waiting: Waits,
    /// When the first sample of the last proof was taken.
    proved: watch::Receiver<Option<Instant>>,
    /// The total delay of the grader itself, which is the machine's fault (rule R9).
    late: Rc<Cell<Duration>>,
    /// When the current tick began.
    asleep_since: Rc<Cell<Option<Instant>>>,
    probe: Probe,
    endpoints: Endpoints,
    task: tokio::task::JoinHandle<()>,
}

/// Where bytes may be in flight to or from a program, as far as is known.
type Endpoints = Rc<RefCell<Vec<Endpoint>>>;

/// When each wait began, by the number of the wait.
type Waits = Rc<RefCell<BTreeMap<u64, Instant>>>;

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watchdog {
    /// Watches `probe`. The connections of `endpoints`, which may be added later, may have bytes in flight.
    pub(super) fn start(probe: Probe, endpoints: Endpoints) -> Self {
        let waiting = Waits::default();
        let late = Rc::new(Cell::new(Duration::ZERO));
        let (sender, proved) = watch::channel(None);
        let asleep_since = Rc::new(Cell::new(None));
        let (waits, lateness, sleep) =
            (Rc::clone(&waiting), Rc::clone(&late), Rc::clone(&asleep_since));
        let meets = Rc::clone(&endpoints);
        let task = tokio::task::spawn_local(async move {
            let mut detector = HangDetector::new(probe);
            loop {
                let begin = Instant::now();
                sleep.set(Some(begin));
                tokio::time::sleep(TICK).await;
                sleep.set(None);
                lateness.set(lateness.get() + late_since(begin));
                // Most answers take much less than a tick. No sample is taken for them.
                let has_waited = |begun: &Instant| begun.elapsed() >= TICK;
                if !waits.borrow().values().any(has_waited) {
                    detector.reset();
                } else if let Ok(first_sample) = detector.sample(|| in_flight(&meets.borrow())) {
                    sender.send_replace(Some(first_sample));
                }
            }
        });
        Self { waiting, proved, late, asleep_since, probe, endpoints, task }
    }

    /// Waits for a proof whose first sample was taken after `begun`.
    pub(super) async fn proof_since(&self, begun: Instant) {
        let mut proved = self.proved.clone();
        loop {
            if proved.borrow_and_update().is_some_and(|first_sample| first_sample >= begun) {
                return;
            }
            if proved.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until the program is proven to sleep forever. Takes samples immediately, and more often than for a hang,
    /// which is proven only if an answer is late.
    pub(super) async fn until_asleep(&self) {
        const PAUSE: Duration = Duration::from_millis(10);
        let mut detector = HangDetector::new(self.probe);
        while detector.sample(|| in_flight(&self.endpoints.borrow())).is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Watches the program for as long as the result lives.
    #[must_use]
    pub(super) fn enter(&self) -> Waiting {
        let mut waiting = self.waiting.borrow_mut();
        let number = waiting.keys().next_back().map_or(0, |last| last + 1);
        waiting.insert(number, Instant::now());
        Waiting { number, all: Rc::clone(&self.waiting) }
    }

    /// The program's CPU time and the grader's own delay so far.
    #[must_use]
    pub(super) fn cpu_baseline(&self) -> CpuBaseline {
        CpuBaseline::now(self.probe, self.late())
    }

    /// Whether others have used the CPUs for more than `threshold` of the time since `baseline` (rule R9).
    #[must_use]
    pub(super) fn starvation_since(
        &self,
        baseline: &CpuBaseline,
        threshold: StarvationThreshold,
    ) -> Option<Starvation> {
        baseline.pressure(self.probe, self.late()).was_starved(threshold)
    }

    /// The grader's total delay so far.
    fn late(&self) -> Duration {
        self.late.get() + self.asleep_since.get().map_or(Duration::ZERO, late_since)
    }
}

/// What is in flight at any of `endpoints`, if anything is.
fn in_flight(endpoints: &[Endpoint]) -> Option<InFlight> {
    endpoints.iter().find_map(|endpoint| endpoint.in_flight())
}

/// How late a tick that began at `begin` is.
fn late_since(begin: Instant) -> Duration {
    begin.elapsed().saturating_sub(2 * TICK)
}

/// A wait in progress, until it is dropped.
pub(super) struct Waiting {
    number: u64,
    all: Waits,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.all.borrow_mut().remove(&self.number);
    }
}
