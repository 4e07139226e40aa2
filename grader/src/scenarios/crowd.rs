//! Many clients at the same time, and clients that hold up others.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{MORE_THAN_FITS, growth};
use crate::capture::{count, size, time};
use crate::outcome::Stop;
use crate::server::{Client, RAMP, Server, Start, beside, together};
use crate::trial::Trial;

/// `clients` are all answered while all of them are open.
pub async fn all_open_at_once(trial: &Trial, start: &Start, clients: usize) -> Result<(), Stop> {
    let server = trial.start(start).await?;
    trial.step(format!(
        "connect {clients} clients; each makes a request, is answered, and stays open"
    ));
    let clients = server.crowd(clients).await?;
    trial.step("each of them makes another request");
    together(clients.iter().map(Client::ask)).await?;
    clients.into_iter().for_each(Client::reset); // R7: no TIME_WAIT
    Ok(())
}

/// 200 connections that say nothing delay nobody (rule R3).
pub async fn silent_clients(trial: &Trial, start: &Start) -> Result<(), Stop> {
    let connect = async |server: &Rc<Server>, _| server.connect("a silent client").await;
    stuck_clients(trial, start, "clients that send nothing", "silent clients", connect).await
}

/// 200 connections that `connect` makes, and that go no further, delay nobody (rule R3).
pub async fn stuck_clients(
    trial: &Trial,
    start: &Start,
    what: &str,
    attackers: &str,
    connect: impl AsyncFn(&Rc<Server>, usize) -> Result<Client, Stop>,
) -> Result<(), Stop> {
    let server = trial.start(start).await?;
    let attack = async {
        trial.step(format!("connect 200 {what}; after each 4 a new one must be answered"));
        let mut silent = Vec::new();
        while silent.len() < 200 {
            for _ in 0..RAMP {
                silent.push(connect(&server, silent.len()).await?);
            }
            // The queue is first in, first out: once this one is served, those before it were accepted.
            server.serve_new_client("a new client").await?;
        }
        Ok(silent)
    };
    let attackers = format!("200 {attackers}");
    let silent = delays_nobody(trial, &server, "the 200 open", &attackers, attack).await?;
    silent.into_iter().for_each(Client::reset); // R7: no TIME_WAIT
    Ok(())
}

/// A client that never reads delays nobody (rule R3).
pub async fn slow_reader(trial: &Trial, start: &Start) -> Result<(), Stop> {
    let server = trial.start(start).await?;
    let attack = async {
        trial.step("connect client A, which never reads, and send until nothing moves for 300 ms");
        let slow = server.connect("client A").await?;
        let flood = trial.service().exchange.flood(trial, MORE_THAN_FITS);
        slow.send_until_stalled(&flood).await?;
        Ok(slow)
    };
    let attacker = "a client that never reads";
    delays_nobody(trial, &server, "client A stalled", attacker, attack).await.map(drop)
}

/// What `attack` gives delays no new client for as long as it lives (rule R3). It is called `present` in
/// the steps, and `attackers` where it delayed somebody.
pub async fn delays_nobody<T>(
    trial: &Trial,
    server: &Rc<Server>,
    present: &str,
    attackers: &str,
    attack: impl Future<Output = Result<T, Stop>>,
) -> Result<T, Stop> {
    trial.step("15 clients, one after the other: how long until each is answered?");
    let before = usual_delay(server).await?;
    let attack = attack.await?;
    trial.step(format!("15 clients again, with {present}"));
    let after = delay(server).await?;
    expect_no_delay(server, ANSWERED, before, after, attackers).await?;
    Ok(attack)
}

/// 100 clients that came while the program was stopped are all served once it goes on.
pub async fn accept_burst(trial: &Trial, start: &Start) -> Result<(), Stop> {
    const CLIENTS: usize = 100;
    let server = trial.start(start).await?;
    trial.step("connect a first client, which is answered and stays open");
    let first = server.serve_new_client("the first client").await?;
    trial.step(format!(
        "stop the program (SIGSTOP); {CLIENTS} clients connect and make a request each"
    ));
    server.process.pause().await?;
    trial.step("let the program go on (SIGCONT); each must get its answer");
    let clients = arrive_and_resume(&server, CLIENTS).await?;
    trial.step("each of them makes another request, and so does the first client");
    together(clients.iter().chain([&first]).map(Client::ask)).await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// Connects `number` clients to a program that is stopped, has each make a request, and lets the program
/// go on once nobody else comes into its queue.
pub async fn arrive_and_resume(server: &Rc<Server>, number: usize) -> Result<Vec<Client>, Stop> {
    /// A queue shorter than `number` is full when nobody got into it for so long.
    const FULL: Duration = Duration::from_millis(100);
    let arrived = Cell::new(0);
    let arrivals = (0..number).map(|index| {
        let arrived = &arrived;
        async move {
            let client = server.connect(&format!("client {} of the queue", index + 1)).await?;
            arrived.set(arrived.get() + 1);
            client.ask().await?;
            Ok(client)
        }
    });
    let resume = async {
        let mut last = (0, Instant::now());
        while arrived.get() < number && last.1.elapsed() < FULL {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if arrived.get() != last.0 {
                last = (arrived.get(), Instant::now());
            }
        }
        server.process.resume();
    };
    beside(resume, together(arrivals)).await
}

/// With `clients` open, each busy, the program has at most four threads more than the machine has CPUs; or,
/// since a managed runtime has threads of its own, than it had before them.
pub async fn few_threads(trial: &Trial, start: &Start, clients: usize) -> Result<(), Stop> {
    /// What a runtime may have beside a thread for each CPU.
    const SPARE: usize = 4;
    /// More are no runtime's own, whenever they were started.
    const MOST: usize = 64;
    let server = trial.start(start).await?;
    let before = server.probe().thread_count();
    trial.step(format!("connect {clients} clients; each is answered and stays open"));
    let open = server.crowd(clients).await?;
    trial.step("all of them make a request at the same time; meanwhile count the threads");
    let most = Cell::new(server.probe().thread_count());
    let counting = async {
        loop {
            most.set(most.get().max(server.probe().thread_count()));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    beside(counting, together(open.iter().map(Client::ask))).await?;
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = most.get();
    let few = cpus + SPARE;
    if threads > few && (threads > before + few || threads > MOST) {
        let expected =
            format!("at most {} ({} and {SPARE})", count(few, "thread"), count(cpus, "CPU"));
        let observed =
            format!("{} with {clients} clients, {before} before them", count(threads, "thread"));
        let cause = if threads > clients / 2 {
            "each client has a thread of its own. A task waits without one: spawn it on the runtime, and \
             let it await its reads and writes"
        } else {
            "threads are started for what clients send (spawn_blocking, a pool). Reads and writes that \
             are awaited need none"
        };
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
    open.into_iter().for_each(Client::reset);
    Ok(())
}

/// From 200 clients to 1,000, each takes at most 64 KiB (rule R6: a slope, never an amount).
pub async fn memory_per_connection(trial: &Trial, start: &Start) -> Result<(), Stop> {
    const FROM: usize = 200;
    const TO: usize = 1000;
    const EACH: u64 = 64 * 1024;
    /// The allocator's share, and what else a task needs beside a buffer of that size.
    const SLACK: u64 = 16 * 1024;
    /// Memory is looked at so often on the way, so that no machine has to hold what is far too much.
    const STEP: usize = 100;
    let server = trial.start(start).await?;
    server.expect_room_for(TO)?;
    trial.step(format!("connect {FROM} clients; each is answered and stays open"));
    let mut open = server.crowd(FROM).await?;
    let before = server.probe().memory();
    trial.step(format!("connect {} more", TO - FROM));
    while open.len() < TO {
        open.extend(server.crowd(STEP).await?);
        let grown = growth(&before, &server.probe().memory()).values().sum::<u64>();
        if grown > (EACH + SLACK) * (TO - FROM) as u64 {
            let more = open.len() - FROM;
            let expected = format!("each client takes at most {}", size(EACH));
            let observed = format!(
                "memory grew by {} (RssAnon) with {more} more clients, {} each",
                size(grown),
                size(grown / more as u64)
            );
            let cause = "what a task keeps for its client is too much: look at the size of its buffer. An \
                         array in an async fn is part of its future, and filled for each client. Some \
                         kilobytes are enough, since a read gives what is there";
            return Err(server.process.fail(&[&expected], vec![observed], cause).await);
        }
    }
    open.into_iter().for_each(Client::reset);
    Ok(())
}

/// How long a new client waits as long as nobody holds up anybody; all are gone afterwards.
async fn usual_delay(server: &Rc<Server>) -> Result<Duration, Stop> {
    let delay = delay(server).await?;
    // Whether they really go is not asked here.
    server.process.until(|| Ok((server.client_sockets()? == 0).then_some(()))).await?;
    Ok(delay)
}

/// How many new clients [`delay`] takes.
pub const SAMPLES: usize = 15;

/// What must not take much longer.
pub const ANSWERED: &str = "a new client is answered";

/// How long a new client waits for its first answer: the median of several.
pub async fn delay(server: &Rc<Server>) -> Result<Duration, Stop> {
    let mut delays = Vec::new();
    for _ in 0..SAMPLES {
        let begin = Instant::now();
        server.serve_new_client("a new client").await?;
        delays.push(begin.elapsed());
    }
    Ok(median(delays))
}

/// The median of `times`; zero if there are none.
#[must_use]
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Rule R3: with the attackers, `what` may take five times as long, or 250 ms; both are medians.
pub async fn expect_no_delay(
    server: &Rc<Server>,
    what: &str,
    before: Duration,
    after: Duration,
    attackers: &str,
) -> Result<(), Stop> {
    let bound = (5 * before).max(Duration::from_millis(250));
    if after <= bound {
        return Ok(());
    }
    if let Some(reason) = server.process.was_starved() {
        return Err(Stop::Inconclusive(reason));
    }
    let expected = format!("{what} within {}", time(bound));
    let observed =
        vec![format!("{} with {attackers}, {} without (medians of 15)", time(after), time(before))];
    let cause = "clients wait for one another: for a lock held over a read or a write, or for a turn \
                 in a loop that visits all of them";
    Err(server.process.fail(&[&expected], observed, cause).await)
}
