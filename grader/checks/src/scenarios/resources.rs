//! What a server holds and uses: descriptors, threads, CPU time.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::{count, time};
use engine::drive::{Client, Context, Server, Start, Trial, try_join_all, try_join_bounded};
use engine::verdict::{CheckError, Failure};
use observe::{CpuTime, Probe, Thread, ThreadState, Unreadable};

use super::causes;
use super::memory::MORE_THAN_FITS;

/// How much CPU a program with little to do uses.
pub(crate) enum CpuUse {
    Low,
    /// In each window a thread ran for too long; this is the least.
    High(BusyThread),
    /// It ended while it was watched.
    Ended,
}

/// How long the busiest thread of a program ran in a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BusyThread {
    /// Of the time that it could have run.
    share: f64,
    running: Duration,
    window: Duration,
}

/// A sentence for reports, of the calmest of several windows.
impl fmt::Display for BusyThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a thread used {} of CPU time in {}, {:.0} % of the time in which it did not wait for a CPU",
            time(self.running),
            time(self.window),
            self.share * 100.0
        )
    }
}

/// Watches how much CPU the program uses.
pub(crate) async fn measure_cpu_use(server: &Server) -> CpuUse {
    /// One of several is enough: a runtime may have work of its own (rule R2).
    const WINDOWS: usize = 4;
    const WINDOW: Duration = Duration::from_millis(250);
    /// A loop that only fails uses all of its time, one that waits between attempts next to none (fact 7 of RULES.md);
    /// a quarter is far from both.
    const MAX_SHARE: f64 = 0.25;
    /// Less than this in a window is not spinning, however little time there was.
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

/// A program with nothing to do sleeps: before any client, with idle ones, and after a stalled one.
pub(crate) async fn idle_is_idle(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const CLIENTS: usize = 50;
    let untouched = trial.start(start).await?;
    let visited = trial.start(start).await?;
    trial.step(format!(
        "connect {CLIENTS} clients to this second one: each is answered, then silent"
    ));
    let clients = visited.connect_many(CLIENTS).await?;
    let drained = trial.start(start).await?;
    trial.step(
        "a client of this third one sends without reading until nothing moves for 300 ms; after a while \
         it reads what there is, and stays open",
    );
    trial.step(format!(
        "watch each for {}: how often does a thread go to sleep?",
        time(IDLE_WINDOW)
    ));
    let stalled = expect_idle_after_stall(trial, &drained);
    let idle = expect_idle(&visited, "with 50 idle clients");
    let untouched = expect_idle(&untouched, "before any client");
    // All to their end, so that of several failures it is always the same that is reported.
    let (untouched, idle, stalled) = tokio::join!(untouched, idle, stalled);
    untouched.and(idle).and(stalled)?;
    trial.step("the 50 clients make another request: silence is no reason to drop them");
    try_join_all(clients.iter().map(Client::ask)).await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// A client sends without reading: the program sleeps while it can neither read nor write, and after the client has
/// read all of the answers.
async fn expect_idle_after_stall(trial: &Trial, server: &Rc<Server>) -> Result<(), CheckError> {
    let client = server.serve_new_client("the client").await?;
    let flood = trial.service().exchange.flood(trial, MORE_THAN_FITS);
    let taken = client.send_until_stalled(&flood).await?;
    if let CpuUse::High(busiest) = measure_cpu_use(server).await {
        let failure = Failure::property(format!("while a client did not read, {busiest}"))
            .expecting("a program that can neither read nor write sleeps")
            .because(causes::KEEPS_READ_INTEREST);
        return Err(server.fail(failure).await);
    }
    client.drain(taken).await?;
    expect_idle(server, "after a stalled client has read on").await
}

/// As long as fact 5 of RULES.md was measured over.
const IDLE_WINDOW: Duration = Duration::from_secs(2);

/// Fact 5 of RULES.md: what waits in the kernel shows no voluntary switch in two seconds, a loop that sleeps 1 ms shows
/// 1,800. Of several windows one without is enough: a runtime may tidy up.
pub(crate) async fn expect_idle(server: &Server, when: &str) -> Result<(), CheckError> {
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

/// Watches the program for [`IDLE_WINDOW`]. Gives the failure that it is if it does not sleep, in this window.
///
/// # Errors
///
/// It has ended, or may not be watched.
async fn watch_idle(server: &Server, when: &str) -> Result<Option<Failure>, CheckError> {
    /// Of the time that it could, a thread may run for so much.
    const MAX_SHARE: f64 = 0.1;
    let probe = server.probe();
    let (begin, cpu, switches) = (Instant::now(), probe.cpu_times(), probe.voluntary_switches());
    tokio::time::sleep(IDLE_WINDOW).await;
    let busiest = busiest_thread(&cpu, &probe.cpu_times(), begin.elapsed(), IDLE_WINDOW);
    let mut woken = probe.voluntary_switches();
    if server.process.has_ended() {
        let failure = Failure::property(format!("that was while nothing happened, {when}"))
            .expecting("the program goes on");
        return Err(server.fail(failure).await);
    }
    for (tid, woken) in &mut woken {
        *woken = woken.saturating_sub(switches.get(tid).copied().unwrap_or(0));
    }
    let (observed, cause) = if let Some(woken) = too_often_woken(probe, &woken)? {
        let observed = format!(
            "{when}, a thread woke up and went to sleep again {woken} times in {} (voluntary context \
             switches)",
            time(IDLE_WINDOW)
        );
        (observed, causes::WAKES_PERIODICALLY)
    } else if let Some(busiest) = busiest.filter(|busiest| busiest.share > MAX_SHARE) {
        (format!("{when}, {busiest}"), causes::BUSY_LOOP)
    } else {
        return Ok(None);
    };
    let failure = Failure::property(observed)
        .expecting("a program with nothing to do sleeps until something happens")
        .because(cause);
    Ok(Some(failure))
}

/// How often the thread woke up that did so most often, if that is more often than a thread may, in [`IDLE_WINDOW`].
/// `woken` has the number of each thread.
fn too_often_woken(probe: Probe, woken: &HashMap<i32, u64>) -> Result<Option<u64>, Unreadable> {
    /// A clock that ticks each second may be there; a thread that asks ten times a second is polling.
    const MAX_WAKEUPS: u64 = 10;
    /// Threads of a managed runtime wake up to look after themselves, on a futex and never on a socket: a JVM's 20
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

/// The thread that used most of the time it could have used, `elapsed` after `before` in a `window`. Time in which it
/// waited for a CPU does not count, so that a busy machine changes nothing.
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

/// Rule R5: 200 clients open at once, then gone, before anything is counted.
pub(crate) async fn warm_up(server: &Rc<Server>, context: &Context) -> Result<(), CheckError> {
    context.step("warm up: 200 clients, all open at once, then all closed");
    let clients = server.connect_many(200).await?;
    clients.into_iter().for_each(Client::reset);
    wait_until_stable(server).await
}

/// Waits until no client's socket is left and the numbers of descriptors and threads no longer change.
async fn wait_until_stable(server: &Rc<Server>) -> Result<(), CheckError> {
    /// So many samples in a row are the same, 5 ms apart.
    const STABLE_FOR: u32 = 10;
    let (mut last, mut same) = ((0, 0), 0);
    let sample = || {
        let now = (server.probe().descriptor_count()?, server.probe().thread_count());
        let is_stable = now == last && server.client_sockets()? == 0;
        same = if is_stable { same + 1 } else { 0 };
        last = now;
        Ok((same >= STABLE_FOR).then_some(()))
    };
    // A program that sleeps forever, or never becomes idle, has the numbers that it has.
    server.process.poll_until(sample).await?;
    Ok(())
}

/// How many clients come and go before something is counted again.
const CHURN: usize = 2000;

/// 2,000 clients come and go, [`MAX_CONNECTING`] at a time: most are reset (rule R7: no TIME_WAIT uses up the ports),
/// the others close or half-close.
async fn churn(server: &Rc<Server>, context: &Context) -> Result<(), CheckError> {
    context.step(format!(
        "{CHURN} clients come and go: a few bytes each, then RST (9 of 10), FIN or half-close"
    ));
    let visits = (0..CHURN).map(|_| async {
        let client = server.serve_new_client("a client").await?;
        match context.number(0..=19) {
            0 => {
                // How it ends is for other checks.
                client.connection.half_close();
                client.ending().await?;
            }
            1 => drop(client),
            _ => client.reset(),
        }
        Ok(())
    });
    try_join_bounded(visits).await?;
    Ok(())
}

/// Whether `count`, taken after a warm-up, comes back to what it was after `churn`. If it does not, the clients come
/// once more: a pool that fills late stays as large as it is, a leak grows. Gives the numbers before and after where it
/// grows.
async fn growth_after(
    server: &Rc<Server>,
    context: &Context,
    what: &str,
    count: impl Fn() -> Result<usize, CheckError>,
    churn: impl AsyncFn() -> Result<(), CheckError>,
) -> Result<Option<(usize, usize)>, CheckError> {
    warm_up(server, context).await?;
    let before = count()?;
    let mut most = before;
    for _ in 0..2 {
        churn().await?;
        context.step(format!("wait until the {what} are as before"));
        let back = server.process.poll_until(|| Ok((count()? <= most).then_some(()))).await?;
        if back.is_some() {
            return Ok(None);
        }
        most = count()?;
    }
    Ok(Some((before, most)))
}

/// After 2,000 clients the descriptors are as before.
pub(crate) async fn descriptors_return(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    expect_descriptors_to_return(&server, trial, "2,000 clients", async || {
        churn(&server, trial).await
    })
    .await
}

/// After `visits`, made by what reports call `clients`, the descriptors are as before.
pub(crate) async fn expect_descriptors_to_return(
    server: &Rc<Server>,
    context: &Context,
    clients: &str,
    visits: impl AsyncFn() -> Result<(), CheckError>,
) -> Result<(), CheckError> {
    let open = || Ok(server.probe().descriptor_count()?);
    if let Some((before, after)) =
        growth_after(server, context, "descriptors", open, visits).await?
    {
        let after = count(after, "descriptor");
        let failure = Failure::property(format!("{after}, and more after each {clients}"))
            .expecting(format!("{} open, as before", count(before, "descriptor")))
            .because(causes::KEEPS_STREAMS);
        return Err(server.fail(failure).await);
    }
    context.step("wait until no client's socket is left");
    let none =
        server.process.poll_until(|| Ok((server.client_sockets()? == 0).then_some(()))).await?;
    if none.is_none() {
        let left = count(server.client_sockets()?, "socket");
        let failure = Failure::property(format!("{left} of clients that are gone"))
            .expecting("no socket of a client is open")
            .because(causes::KEEPS_STREAMS);
        return Err(server.fail(failure).await);
    }
    Ok(())
}

/// After 2,000 clients the threads are as before.
pub(crate) async fn threads_return(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    // A child that has ended and was not waited for takes as much of the system as a thread.
    let threads = || Ok(server.probe().thread_count() + server.probe().zombies().len());
    let visits = async || churn(&server, trial).await;
    if let Some((before, after)) = growth_after(&server, trial, "threads", threads, visits).await? {
        let after = count(after, "thread");
        let failure = Failure::property(format!("{after}, and more after each 2,000 clients"))
            .expecting(format!("{}, as before", count(before, "thread")))
            .because(causes::KEEPS_THREADS);
        return Err(server.fail(failure).await);
    }
    Ok(())
}
