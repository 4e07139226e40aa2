//! CPU time: a program with nothing to do sleeps.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::Server;
use engine::verdict::{CheckError, Failure};
use observe::{CpuTime, Probe, Thread, ThreadState, Unreadable};

use super::causes;

/// How much CPU time a program with little to do uses.
pub enum CpuUse {
    Low,
    /// A thread ran for too long in every window; this is the calmest window.
    High(BusyThread),
    /// The program ended while the grader watched it.
    Ended,
}

/// How long the busiest thread of a program ran in a window.
#[derive(Clone, Copy, Debug)]
pub struct BusyThread {
    /// The share of the time in which it could have run.
    share: f64,
    running: Duration,
    window: Duration,
}

/// A sentence for reports about the calmest of several windows.
impl fmt::Display for BusyThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a thread used {} of CPU time in {}, {:.0} % of the time that it did not spend waiting for a CPU",
            time(self.running),
            time(self.window),
            self.share * 100.0
        )
    }
}

/// Watches how much CPU time the program uses.
pub async fn cpu_use(server: &Server) -> CpuUse {
    /// One calm window of several is enough: a runtime may have work of its own (rule R2).
    const WINDOWS: usize = 4;
    const WINDOW: Duration = Duration::from_millis(250);
    /// A loop of failing calls uses all of its time; one that pauses between attempts uses almost none (fact 7 of
    /// RULES.md); a quarter is far from both.
    const MAX_SHARE: f64 = 0.25;
    /// Less than this in a window is not a busy loop, however short the time in which the program could run.
    const MIN_SPINNING: Duration = Duration::from_millis(10);
    let mut calmest: Option<BusyThread> = None;
    for _ in 0..WINDOWS {
        let (begin, before) = (Instant::now(), server.probe().cpu_times());
        tokio::time::sleep(WINDOW).await;
        let after = server.probe().cpu_times();
        let Some(busiest) = busiest_thread(&before, &after, begin.elapsed(), WINDOW) else { break };
        if busiest.share <= MAX_SHARE || busiest.running <= MIN_SPINNING {
            calmest = None;
            break;
        }
        if calmest.is_none_or(|least| busiest.share < least.share) {
            calmest = Some(busiest);
        }
    }
    match calmest {
        _ if server.process.has_ended() => CpuUse::Ended,
        Some(busiest) => CpuUse::High(busiest),
        None => CpuUse::Low,
    }
}

/// The window in which fact 5 of RULES.md was measured.
pub const IDLE_WINDOW: Duration = Duration::from_secs(2);

/// Fact 5 of RULES.md: a thread that waits in the kernel makes no voluntary switch in two seconds; a loop that sleeps 1
/// ms makes 1,800. One quiet window of several is enough: a runtime may tidy up.
pub async fn idle(server: &Server, when: &str) -> Result<(), CheckError> {
    const WINDOWS: usize = 3;
    let mut failure = None;
    for _ in 0..WINDOWS {
        failure = watch_idle(server, when).await?;
        if failure.is_none() {
            break;
        }
    }
    match failure {
        Some(failure) => Err(server.fail(failure).await),
        None => Ok(()),
    }
}

/// Watches the program for [`IDLE_WINDOW`]. Returns a failure if it does not sleep in this window.
///
/// # Errors
///
/// The program has ended, or the kernel does not let the grader watch it.
async fn watch_idle(server: &Server, when: &str) -> Result<Option<Failure>, CheckError> {
    /// The largest share that a thread may use of the time in which it could run.
    const MAX_SHARE: f64 = 0.1;
    /// Only a busy loop runs for this long in a window, even beside other busy programs.
    const LONG: Duration = Duration::from_millis(100);
    let probe = server.probe();
    let (begin, cpu, switches) = (Instant::now(), probe.cpu_times(), probe.voluntary_switches());
    tokio::time::sleep(IDLE_WINDOW).await;
    let busiest = busiest_thread(&cpu, &probe.cpu_times(), begin.elapsed(), IDLE_WINDOW);
    let mut woken = probe.voluntary_switches();
    if server.process.has_ended() {
        let failure =
            Failure::property(format!("{when}, the program ended although nothing had happened"))
                .expecting("the program keeps running");
        return Err(server.fail(failure).await);
    }
    for (tid, woken) in &mut woken {
        *woken = woken.saturating_sub(switches.get(tid).copied().unwrap_or(0));
    }
    let (observed, cause, is_certain) = if let Some(woken) = too_often_woken(probe, &woken)? {
        let observed = format!(
            "{when}, a thread woke up {woken} times in {} (voluntary context switches)",
            time(IDLE_WINDOW)
        );
        // On a busy machine, a thread wakes up less often.
        (observed, causes::WAKES_PERIODICALLY, true)
    } else if let Some(busiest) = busiest.filter(|busiest| busiest.share > MAX_SHARE) {
        // While a thread waits for a CPU, the time in which it could run shrinks; a busy loop also runs for long.
        (format!("{when}, {busiest}"), causes::BUSY_LOOP, busiest.running >= LONG)
    } else {
        return Ok(None);
    };
    let failure = Failure::property(observed)
        .expecting("a program with nothing to do sleeps until something happens")
        .because(cause);
    Ok(Some(if is_certain { failure.certain() } else { failure }))
}

/// The most wakeups of a thread in [`IDLE_WINDOW`], if more than a thread may have. `woken` has the number for each
/// thread.
fn too_often_woken(probe: Probe, woken: &HashMap<i32, u64>) -> Result<Option<u64>, Unreadable> {
    /// A clock may tick each second; a thread that wakes up ten times a second is polling.
    const MAX_WAKEUPS: u64 = 10;
    /// Threads of a managed runtime wake up for housekeeping, on a futex and never on a socket: those of a JVM do so 20
    /// times a second.
    const MAX_HOUSEKEEPING: u64 = 60;
    let waits_on_futex = |tid: i32| {
        let waits = |thread: &Thread| match thread.state {
            ThreadState::Blocked(call) => thread.tid == tid && call.waits_for_thread(),
            ThreadState::Running => false,
        };
        probe.threads().map(|threads| threads.iter().any(waits))
    };
    let mut most = None;
    for (&tid, &woken) in woken {
        let may_keep_house = woken <= MAX_HOUSEKEEPING && woken > MAX_WAKEUPS;
        let allowed =
            if may_keep_house && waits_on_futex(tid)? { MAX_HOUSEKEEPING } else { MAX_WAKEUPS };
        if woken > allowed {
            most = most.max(Some(woken));
        }
    }
    Ok(most)
}

/// The thread that used the largest share of the time it could have used, `elapsed` after `before` in a `window`. Time
/// in which it waited for a CPU does not count, so that a busy machine changes nothing.
fn busiest_thread(
    before: &HashMap<i32, CpuTime>,
    after: &HashMap<i32, CpuTime>,
    elapsed: Duration,
    window: Duration,
) -> Option<BusyThread> {
    let threads = after.iter().map(|(tid, after)| {
        let before = before.get(tid).copied().unwrap_or_default();
        let running = after.running.saturating_sub(before.running);
        let waiting = after.waiting.saturating_sub(before.waiting);
        let free = elapsed.saturating_sub(waiting).max(running).max(Duration::from_millis(1));
        BusyThread { share: running.as_secs_f64() / free.as_secs_f64(), running, window }
    });
    threads.max_by(|a, b| a.share.total_cmp(&b.share))
}
