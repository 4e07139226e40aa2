//! What a server holds and uses: descriptors, threads, memory, CPU time.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};

use super::MORE_THAN_FITS;
use crate::capture::{count, time};
use crate::client::{Connection, Window};
use crate::outcome::Stop;
use crate::probe::{CpuTime, Place, Thread};
use crate::server::{Client, RAMP, Server, Start, ramped, together};
use crate::trial::Trial;

/// Out of descriptors the program neither dies nor spins, and serves again once clients have left.
pub async fn out_of_descriptors(trial: &Trial, start: &Start) -> Result<(), Stop> {
    const LIMIT: u64 = 64;
    const CLIENTS: usize = 100;
    let server = trial.start(&Start { descriptors: LIMIT, ..*start }).await?;
    trial.step(format!("begin to connect {CLIENTS} clients, which send nothing"));
    // In the background: at the limit a queue may be full, and then a connect does not end.
    let address = server.address;
    let connects = tokio::task::spawn_local(async move {
        let mut open = Vec::new();
        let mut connects = stream::iter(0..CLIENTS)
            .map(|_| Connection::open(address, Window::Usual))
            .buffered(RAMP);
        while let Some(connection) = connects.next().await {
            open.extend(connection);
        }
        // All are open until this task is aborted.
        std::future::pending::<()>().await;
        drop(open);
    });
    trial.step(format!("wait until a process has {LIMIT} descriptors open, or all are accepted"));
    let full = || {
        let most = server.probe().descriptor_counts()?.into_values().max().unwrap_or(0);
        let is_over = most as u64 >= LIMIT
            || server.process.has_ended()
            || server.client_sockets()? >= CLIENTS;
        Ok(is_over.then_some(()))
    };
    // A program that leaves the queue alone for a reason of its own is at rest, too.
    server.process.until(full).await?;
    trial.step("watch how much CPU it uses");
    match calm(&server).await {
        Calm::Yes => {}
        Calm::Ended => {
            let observed = "that was when it ran out of descriptors".to_owned();
            return Err(server.process.fail(&["the program goes on"], vec![observed], "").await);
        }
        Calm::No(ran) => {
            let expected = "a program that cannot accept uses next to no CPU";
            let cause = "accept fails at once with EMFILE, and again, and again: the connection stays \
                         in the queue. Wait a moment after such an error, or until a client has left";
            return Err(server.process.fail(&[expected], vec![ran], cause).await);
        }
    }
    trial.step("close all clients (FIN); a new one must be served");
    connects.abort();
    // It ends, and with it its connections, when it is next looked at.
    let _ = connects.await;
    server.go_on_to_serve("the new client").await?.finish().await
}

/// Whether a program with little to do uses little CPU.
pub enum Calm {
    Yes,
    /// It does not; says how much it ran.
    No(String),
    /// It ended while it was watched.
    Ended,
}

/// Watches how much CPU the program uses.
pub async fn calm(server: &Server) -> Calm {
    /// One of several is enough: a runtime may have work of its own (rule R2).
    const WINDOWS: usize = 4;
    const WINDOW: Duration = Duration::from_millis(250);
    /// A loop that only fails uses all of its time, one that waits between attempts next to none (fact
    /// 7); a quarter is far from both.
    const BUSY: f64 = 0.25;
    /// Less than this in a window is not spinning, however little time there was.
    const LEAST: Duration = Duration::from_millis(10);
    let mut calmest: Option<(f64, Duration)> = None;
    for _ in 0..WINDOWS {
        let (begin, before) = (Instant::now(), server.probe().cpu_times());
        tokio::time::sleep(WINDOW).await;
        let busiest = busiest(&before, &server.probe().cpu_times(), begin.elapsed());
        let Some((share, running)) = busiest else { break };
        if share <= BUSY || running <= LEAST {
            calmest = None;
            break;
        }
        if calmest.is_none_or(|(least, _)| share < least) {
            calmest = Some((share, running));
        }
    }
    match calmest {
        _ if server.process.has_ended() => Calm::Ended,
        Some((share, running)) => Calm::No(ran(share, running, WINDOW)),
        None => Calm::Yes,
    }
}

/// A program with nothing to do sleeps: before any client, with idle ones, and after a stalled one.
pub async fn idle_is_idle(trial: &Trial, start: &Start) -> Result<(), Stop> {
    const CLIENTS: usize = 50;
    let untouched = trial.start(start).await?;
    let visited = trial.start(start).await?;
    trial.step(format!(
        "connect {CLIENTS} clients to this second one: each is answered, then silent"
    ));
    let clients = visited.crowd(CLIENTS).await?;
    let drained = trial.start(start).await?;
    trial.step(
        "a client of this third one sends without reading until nothing moves for 300 ms; after a while \
         it reads what there is, and stays open",
    );
    trial.step(format!(
        "watch each for {}: how often does a thread go to sleep?",
        time(IDLE_WINDOW)
    ));
    let stalled = async {
        let client = drained.serve_new_client("the client").await?;
        let flood = trial.service().exchange.flood(trial, MORE_THAN_FITS);
        let taken = client.send_until_stalled(&flood).await?;
        if let Calm::No(ran) = calm(&drained).await {
            let observed = format!("while a client did not read, {ran}");
            let cause = "what can be done is asked for, not what has to be: a client whose bytes wait to be \
                         written is no longer to be read, so ask for room to write alone";
            let expected = "a program that can neither read nor write sleeps";
            return Err(drained.process.fail(&[expected], vec![observed], cause).await);
        }
        client.drain(taken).await?;
        expect_idle(&drained, "after a stalled client has read on").await
    };
    let idle = expect_idle(&visited, "with 50 idle clients");
    let untouched = expect_idle(&untouched, "before any client");
    // All to their end, so that of several failures it is always the same that is told.
    let (untouched, idle, stalled) = tokio::join!(untouched, idle, stalled);
    untouched.and(idle).and(stalled)?;
    trial.step("the 50 clients make another request: silence is no reason to drop them");
    together(clients.iter().map(Client::ask)).await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// As long as fact 5 of the grading rules was measured over.
const IDLE_WINDOW: Duration = Duration::from_secs(2);

/// Fact 5: what waits in the kernel shows no voluntary switch in two seconds, a loop that sleeps 1 ms
/// shows 1,800. Of several windows one without is enough: a runtime may tidy up.
pub async fn expect_idle(server: &Server, when: &str) -> Result<(), Stop> {
    const WINDOWS: usize = 3;
    /// A clock that ticks each second may be there; who asks ten times a second is polling.
    const SLEEPS: u64 = 10;
    /// Threads of a managed runtime wake up to look after themselves, on a futex and never on a socket:
    /// a JVM's 20 times a second.
    const HOUSEKEEPING: u64 = 60;
    /// Of the time that it could, a thread may run for so much.
    const BUSY: f64 = 0.1;
    let probe = server.probe();
    let mut observed = String::new();
    let mut cause = "";
    for _ in 0..WINDOWS {
        let (begin, cpu, sleeps) = (Instant::now(), probe.cpu_times(), probe.sleeps());
        tokio::time::sleep(IDLE_WINDOW).await;
        let (cpu, now) = (busiest(&cpu, &probe.cpu_times(), begin.elapsed()), probe.sleeps());
        if server.process.has_ended() {
            let observed = format!("that was while nothing happened, {when}");
            return Err(server.process.fail(&["the program goes on"], vec![observed], "").await);
        }
        let on_futex = |tid: i32| {
            let waits = |thread: &Thread| match thread.place {
                Place::Blocked(call) => thread.tid == tid && call.waits_for_thread(),
                Place::Running => false,
            };
            probe.threads().map(|threads| threads.iter().any(waits))
        };
        let mut worst: Option<u64> = None;
        for (tid, now) in now {
            let woken = now.saturating_sub(sleeps.get(&tid).copied().unwrap_or(0));
            let allowed = if woken <= HOUSEKEEPING && woken > SLEEPS && on_futex(tid)? {
                HOUSEKEEPING
            } else {
                SLEEPS
            };
            if woken > allowed && worst.is_none_or(|worst| woken > worst) {
                worst = Some(woken);
            }
        }
        if let Some(woken) = worst {
            observed = format!(
                "{when}, a thread woke up and went to sleep again {woken} times in {} (voluntary \
                 context switches), and no less later",
                time(IDLE_WINDOW)
            );
            cause = "a thread wakes up though nothing has happened: it asks from time to time, after a \
                     short sleep or time-out, instead of waiting until the kernel or a channel tells";
        } else if let Some((share, running)) = cpu.filter(|(share, _)| *share > BUSY) {
            observed = format!("{when}, {}", ran(share, running, IDLE_WINDOW));
            cause = "a thread asks again and again instead of waiting: a loop around a call that does \
                     not block, or around yield_now; or it waits for what is always so, such as room to \
                     write: ask for that only while bytes wait";
        } else {
            return Ok(());
        }
    }
    let expected = "a program with nothing to do sleeps until something happens";
    Err(server.process.fail(&[expected], vec![observed], cause).await)
}

/// The thread that used most of the time it could have used: that share, and its CPU time. Time in which
/// it waited for a CPU does not count, so that a busy machine changes nothing.
fn busiest(
    before: &HashMap<i32, CpuTime>,
    after: &HashMap<i32, CpuTime>,
    elapsed: Duration,
) -> Option<(f64, Duration)> {
    let shares = after.iter().map(|(tid, after)| {
        let before = before.get(tid).copied().unwrap_or_default();
        let running = after.running.saturating_sub(before.running);
        let waiting = after.waiting.saturating_sub(before.waiting);
        let free = elapsed.saturating_sub(waiting).max(running).max(Duration::from_millis(1));
        (running.as_secs_f64() / free.as_secs_f64(), running)
    });
    shares.max_by(|(a, _), (b, _)| a.total_cmp(b))
}

/// What [`busiest`] found in each of several windows, the calmest of them.
fn ran(share: f64, running: Duration, window: Duration) -> String {
    format!(
        "a thread ran for {} of {}, {:.0} % of the time that it could, and no less later",
        time(running),
        time(window),
        share * 100.0
    )
}

/// Rule R5: 200 clients open at once, then gone, before anything is counted.
pub async fn warm_up(server: &Rc<Server>, trial: &Trial) -> Result<(), Stop> {
    trial.step("warm up: 200 clients, all open at once, then all closed");
    let clients = server.crowd(200).await?;
    clients.into_iter().for_each(Client::reset);
    stable(server).await
}

/// Waits until no client's socket is left and the numbers of descriptors and threads no longer change.
async fn stable(server: &Rc<Server>) -> Result<(), Stop> {
    /// So many looks in a row, 5 ms apart.
    const LOOKS: u32 = 10;
    let (mut last, mut same) = ((0, 0), 0);
    // A program that sleeps for good, or never comes to rest, has the numbers that it has.
    server
        .process
        .until(|| {
            let now = (server.probe().descriptor_count()?, server.probe().thread_count());
            let at_rest = now == last && server.client_sockets()? == 0;
            same = if at_rest { same + 1 } else { 0 };
            last = now;
            Ok((same >= LOOKS).then_some(()))
        })
        .await?;
    Ok(())
}

/// How many clients come and go before something is counted again.
const CHURN: usize = 2000;

/// 2,000 clients, [`RAMP`] at a time: most are reset (R7: no TIME_WAIT uses up the ports), the others close
/// or half-close.
async fn churn(server: &Rc<Server>, trial: &Trial) -> Result<(), Stop> {
    trial.step(format!(
        "{CHURN} clients come and go: a few bytes each, then RST (9 of 10), FIN or half-close"
    ));
    let visits = (0..CHURN).map(|_| async {
        let client = server.serve_new_client("a client").await?;
        match trial.number(0..=19) {
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
    ramped(visits).await?;
    Ok(())
}

/// Whether `count`, taken after a warm-up, comes back to what it was after `churn`. If it does not, the
/// clients come once more: a pool that fills late stays where it is, a leak grows. Gives the numbers
/// before and after where it grows.
async fn grows(
    server: &Rc<Server>,
    trial: &Trial,
    what: &str,
    count: impl Fn() -> Result<usize, Stop>,
    churn: impl AsyncFn() -> Result<(), Stop>,
) -> Result<Option<(usize, usize)>, Stop> {
    warm_up(server, trial).await?;
    let before = count()?;
    let mut most = before;
    for _ in 0..2 {
        churn().await?;
        trial.step(format!("wait until the {what} are as before"));
        let back = server.process.until(|| Ok((count()? <= most).then_some(()))).await?;
        if back.is_some() {
            return Ok(None);
        }
        most = count()?;
    }
    Ok(Some((before, most)))
}

/// After 2,000 clients the descriptors are as before.
pub async fn descriptors_return(trial: &Trial, start: &Start) -> Result<(), Stop> {
    let server = trial.start(start).await?;
    expect_descriptors(&server, trial, "2,000 clients", async || churn(&server, trial).await).await
}

/// After `clients`, of which `visits` tells what they do, the descriptors are as before.
pub async fn expect_descriptors(
    server: &Rc<Server>,
    trial: &Trial,
    clients: &str,
    visits: impl AsyncFn() -> Result<(), Stop>,
) -> Result<(), Stop> {
    let cause = "streams are kept after their clients have gone: in a list, in a clone (try_clone), or \
                 in a thread that does not end. A descriptor is closed when its last owner is dropped";
    let open = || Ok(server.probe().descriptor_count()?);
    let grown = grows(server, trial, "descriptors", open, visits).await?;
    if let Some((before, after)) = grown {
        let expected = format!("{} open, as before", count(before, "descriptor"));
        let after = count(after, "descriptor");
        let observed = format!("{after}, and more after each {clients}");
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
    trial.step("wait until no client's socket is left");
    let none = server.process.until(|| Ok((server.client_sockets()? == 0).then_some(()))).await?;
    if none.is_none() {
        let observed =
            format!("{} of clients that are gone", count(server.client_sockets()?, "socket"));
        return Err(server
            .process
            .fail(&["no socket of a client is open"], vec![observed], cause)
            .await);
    }
    Ok(())
}

/// After 2,000 clients the threads are as before.
pub async fn threads_return(trial: &Trial, start: &Start) -> Result<(), Stop> {
    let server = trial.start(start).await?;
    // A child that has ended and was not waited for takes as much of the system as a thread.
    let threads = || Ok(server.probe().thread_count() + server.probe().zombies().len());
    if let Some((before, after)) =
        grows(&server, trial, "threads", threads, async || churn(&server, trial).await).await?
    {
        let expected = format!("{}, as before", count(before, "thread"));
        let observed = format!("{}, and more after each 2,000 clients", count(after, "thread"));
        let cause = "threads do not end when their clients have gone: each waits for something that \
                     does not come, see below; or ended children are not waited for";
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
    Ok(())
}
