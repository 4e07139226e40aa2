//! Proves that a program hangs, and tells a busy machine from a slow program.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::capture::time;
use crate::probe::{CpuTime, Probe, Thread, Wires};

/// The time between two looks at the threads (rule R13).
pub const TICK: Duration = Duration::from_millis(50);

/// Proves hangs (rule R13): when in two looks each thread of the tree sleeps in the same call without a
/// time-out and has not run between, and no byte is under way, nothing will ever happen.
pub struct Watchdog {
    /// When each wait that is under way began.
    waiting: Waits,
    /// The time of the first look of the last proof.
    proved: watch::Receiver<Option<Instant>>,
    /// By how much the grader itself was late, added up: the machine's doing.
    late: Rc<Cell<Duration>>,
    /// When the tick that is under way began.
    asleep_since: Rc<Cell<Option<Instant>>>,
    probe: Probe,
    addresses: Addresses,
    task: tokio::task::JoinHandle<()>,
}

/// The addresses of a program's listeners, as far as they are known.
type Addresses = Rc<RefCell<Vec<SocketAddr>>>;

/// When each wait began, by a number that only that wait has.
type Waits = Rc<RefCell<BTreeMap<u64, Instant>>>;

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watchdog {
    /// Watches `probe`. The connections of the listeners at `addresses`, once those are known, may have
    /// bytes under way.
    pub fn start(probe: Probe, addresses: Addresses) -> Self {
        let waiting = Waits::default();
        let late = Rc::new(Cell::new(Duration::ZERO));
        let (sender, proved) = watch::channel(None);
        let asleep_since = Rc::new(Cell::new(None));
        let (waits, lateness, sleep) =
            (Rc::clone(&waiting), Rc::clone(&late), Rc::clone(&asleep_since));
        let listening = Rc::clone(&addresses);
        let task = tokio::task::spawn_local(async move {
            let mut last: Option<(Instant, Vec<Thread>)> = None;
            loop {
                let begin = Instant::now();
                sleep.set(Some(begin));
                tokio::time::sleep(TICK).await;
                sleep.set(None);
                lateness.set(lateness.get() + late_since(begin));
                let now = Instant::now();
                // Answers usually take much less than a tick; as long as they do, nobody looks.
                let has_waited = |begun: &Instant| now.duration_since(*begun) >= TICK;
                let is_late = waits.borrow().values().any(has_waited);
                let asleep = if is_late { probe.sleeping_threads() } else { Ok(None) };
                let Ok(Some(threads)) = asleep else {
                    last = None;
                    continue;
                };
                if let Some((since, before)) = &last
                    && *before == threads
                    && is_hung(probe, &listening.borrow(), &threads)
                {
                    sender.send_replace(Some(*since));
                }
                // Always the last look: a wait that begins later needs two looks of its own.
                last = Some((now, threads));
            }
        });
        Self { waiting, proved, late, asleep_since, probe, addresses, task }
    }

    /// Waits for a proof whose first look came after `begun`.
    pub async fn proof_since(&self, begun: Instant) {
        let mut proved = self.proved.clone();
        loop {
            if proved.borrow_and_update().is_some_and(|first_look| first_look >= begun) {
                return;
            }
            if proved.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until the program is proved to sleep for good; looks at once, and more often than for a hang:
    /// nobody has waited in vain yet.
    pub async fn until_asleep(&self) {
        const PAUSE: Duration = Duration::from_millis(10);
        let mut last: Option<Vec<Thread>> = None;
        loop {
            let threads = self.probe.sleeping_threads().unwrap_or_default();
            if let Some(threads) = &threads
                && last.as_ref() == Some(threads)
                && is_hung(self.probe, &self.addresses.borrow(), threads)
            {
                return;
            }
            last = threads;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Has the program looked at for as long as the result lives.
    #[must_use]
    pub fn enter(&self) -> Waiting {
        let mut waiting = self.waiting.borrow_mut();
        let number = waiting.keys().next_back().map_or(0, |last| last + 1);
        waiting.insert(number, Instant::now());
        Waiting { number, all: Rc::clone(&self.waiting) }
    }

    /// By how much the grader was late so far, added up.
    #[must_use]
    pub fn late(&self) -> Duration {
        self.late.get() + self.asleep_since.get().map_or(Duration::ZERO, late_since)
    }
}

/// By how much a tick that began at `begin` is late.
fn late_since(begin: Instant) -> Duration {
    begin.elapsed().saturating_sub(2 * TICK)
}

/// A wait, for as long as it lives.
pub struct Waiting {
    number: u64,
    all: Waits,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.all.borrow_mut().remove(&self.number);
    }
}

fn is_hung(probe: Probe, addresses: &[SocketAddr], threads: &[Thread]) -> bool {
    !threads.is_empty()
        && !probe.is_stopped()
        && threads.iter().all(|thread| probe.sleeps_for_good(thread))
        && !probe.has_timer()
        && !addresses.iter().any(|&address| Wires::of(address).in_flight())
        // While all that was looked at, no thread woke up.
        && matches!(probe.sleeping_threads(), Ok(Some(again)) if again == threads)
}

/// How much of a time the program may have waited for a CPU, as its denominator; the grader two thirds of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What then was too late says nothing.
    Half = 2,
    /// What then was too late is to be seen again.
    Sixth = 6,
}

/// What was known of a program's CPU time, and of the grader's own delay, at some moment.
pub struct Load {
    begin: Instant,
    times: HashMap<i32, CpuTime>,
    late: Duration,
}

impl Load {
    /// What is known now.
    #[must_use]
    pub fn now(probe: Probe, watchdog: &Watchdog) -> Self {
        Self { begin: Instant::now(), times: probe.cpu_times(), late: watchdog.late() }
    }

    /// What was known when the program began.
    #[must_use]
    pub fn at_start(begin: Instant) -> Self {
        Self { begin, times: HashMap::new(), late: Duration::ZERO }
    }

    /// Whether, since then, others had the CPUs for more than a `part` of the time (rule R9); says how.
    #[must_use]
    pub fn is_machines(&self, probe: Probe, watchdog: &Watchdog, part: Part) -> Option<String> {
        let elapsed = self.begin.elapsed();
        let most = elapsed / part as u32;
        let late = watchdog.late().saturating_sub(self.late);
        if late > most * 2 / 3 {
            let (late, elapsed) = (time(late), time(elapsed));
            return Some(format!("the machine is busy: the grader was {late} late in {elapsed}"));
        }
        let (mut running, mut waiting) = (Duration::ZERO, Duration::ZERO);
        for (tid, now) in probe.cpu_times() {
            let before = self.times.get(&tid).copied().unwrap_or_default();
            running += now.running.saturating_sub(before.running);
            waiting = waiting.max(now.waiting.saturating_sub(before.waiting));
        }
        let cpus = std::thread::available_parallelism().map_or(1, usize::from) as u32;
        // A program that keeps the CPUs busy waits for itself.
        (waiting > most && running < elapsed * cpus / 2).then(|| {
            let (waiting, elapsed) = (time(waiting), time(elapsed));
            format!("the machine is busy: the program waited {waiting} of {elapsed} for a CPU")
        })
    }
}
