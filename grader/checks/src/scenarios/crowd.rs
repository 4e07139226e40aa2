//! Many clients at the same time, and clients that hold up others.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::{count, size};
use engine::drive::{Client, MAX_CONNECTING, Server, Start, Trial, run_while, try_join_all};
use engine::verdict::{CheckError, Failure};
use observe::{Syscall, ThreadState};

use super::causes;
use crate::expect;

/// All `clients` are answered while all of them are open.
pub(crate) async fn all_open_at_once(
    trial: &Trial,
    start: &Start,
    clients: usize,
) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    trial.step(format!(
        "connect {clients} clients; each sends a request, gets an answer and stays connected"
    ));
    let clients = server.connect_many(clients).await?;
    trial.step("each of them sends another request");
    try_join_all(clients.iter().map(Client::ask)).await?;
    clients.into_iter().for_each(Client::reset); // Rule R7: no TIME_WAIT
    Ok(())
}

/// 200 clients that send nothing delay no other client (rule R3).
pub(crate) async fn silent_clients(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let connect = async |server: &Rc<Server>, _| server.connect("a silent client").await;
    stuck_clients(trial, start, "clients that send nothing", "silent clients", connect).await
}

/// 200 connections that `connect` opens, and that then do nothing, delay no other client (rule R3).
pub(crate) async fn stuck_clients(
    trial: &Trial,
    start: &Start,
    what: &str,
    attackers: &str,
    connect: impl AsyncFn(&Rc<Server>, usize) -> Result<Client, CheckError>,
) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    let attack = async {
        trial.step(format!("connect 200 {what}; after every 4, a new client must get an answer"));
        let mut silent = Vec::new();
        while silent.len() < 200 {
            for _ in 0..MAX_CONNECTING {
                silent.push(connect(&server, silent.len()).await?);
            }
            // The listen queue is first in, first out: once this client is served, all before it have been accepted.
            server.serve_new_client("a new client").await?;
        }
        Ok(silent)
    };
    let attackers = format!("200 {attackers}");
    let silent =
        expect::unaffected_by(trial, &server, "the 200 still connected", &attackers, attack)
            .await?;
    silent.into_iter().for_each(Client::reset); // Rule R7: no TIME_WAIT
    Ok(())
}

/// A client that never reads delays no other client (rule R3).
pub(crate) async fn slow_reader(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    let attack = async {
        trial.step(
            "connect client A, which sends without reading until its writes have stalled for 300 ms",
        );
        let slow = server.connect("client A").await?;
        let flood = trial.service().exchange.flood(trial, expect::MORE_THAN_FITS);
        slow.send_until_stalled(&flood).await?;
        Ok(slow)
    };
    let attacker = "a client that never reads";
    expect::unaffected_by(trial, &server, "client A stalled", attacker, attack).await.map(drop)
}

/// 100 clients that connect while the program is stopped are all served once it continues.
pub(crate) async fn accept_burst(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const CLIENTS: usize = 100;
    let server = trial.start(start).await?;
    trial.step("connect a first client, which gets an answer and stays connected");
    let first = server.serve_new_client("the first client").await?;
    trial.step(format!(
        "stop the program (SIGSTOP); {CLIENTS} clients connect and each send a request"
    ));
    server.process.pause().await?;
    trial.step("continue the program (SIGCONT); each client must get its answer");
    let clients = arrive_and_resume(&server, CLIENTS).await?;
    trial.step("each of them sends another request, and so does the first client");
    try_join_all(clients.iter().chain([&first]).map(Client::ask)).await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// Connects `number` clients to a stopped program, has each send a request, and continues the program once all are in
/// its listen queue or the queue is full.
pub(crate) async fn arrive_and_resume(
    server: &Rc<Server>,
    number: usize,
) -> Result<Vec<Client>, CheckError> {
    /// A queue shorter than `number` is full if no client has entered it for this long.
    const FULL: Duration = Duration::from_millis(100);
    let arrived = Cell::new(0);
    let arrivals = (0..number).map(|index| {
        let arrived = &arrived;
        async move {
            let client = server.connect(&format!("client {} in the queue", index + 1)).await?;
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
    run_while(resume, try_join_all(arrivals)).await
}

/// With `clients` busy clients, the program has at most four more threads than the machine has CPUs. A managed runtime
/// has threads of its own, so that many more than before the clients connected are fine, too.
pub(crate) async fn few_threads(
    trial: &Trial,
    start: &Start,
    clients: usize,
) -> Result<(), CheckError> {
    /// The threads that a runtime may have besides one for each CPU.
    const SPARE: usize = 4;
    /// No runtime has more threads of its own than this.
    const MAX_THREADS: usize = 64;
    let server = trial.start(start).await?;
    let before = server.probe().thread_count();
    trial.step(format!("connect {clients} clients; each gets an answer and stays connected"));
    let open = server.connect_many(clients).await?;
    trial.step("count the threads while all of them send a request at the same time");
    let most = Cell::new(server.probe().thread_count());
    let counting = async {
        loop {
            most.set(most.get().max(server.probe().thread_count()));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    run_while(counting, try_join_all(open.iter().map(Client::ask))).await?;
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = most.get();
    let few = cpus + SPARE;
    if threads > few && (threads > before + few || threads > MAX_THREADS) {
        let expected =
            format!("at most {} ({} + {SPARE})", count(few, "thread"), count(cpus, "CPU"));
        let observed =
            format!("{} with {clients} clients, {before} before", count(threads, "thread"));
        let cause = if threads > clients / 2 {
            causes::THREAD_FOR_EACH_CLIENT
        } else {
            causes::THREADS_FOR_INPUT
        };
        let failure = Failure::property(observed).expecting(expected).because(cause);
        return Err(server.fail(failure).await);
    }
    open.into_iter().for_each(Client::reset);
    Ok(())
}

/// Reports what the kernel shows of the threads. This check has no points: any design passes.
pub(crate) async fn thread_per_client(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const CLIENTS: usize = 50;
    let server = trial.start(start).await?;
    let clients = server.connect_many(CLIENTS).await?;
    server.process.wait_until_idle(Duration::from_millis(500)).await;
    let threads = server.probe().threads()?;
    let asleep_in = |test: fn(Syscall) -> bool| {
        let is_it =
            |state: &ThreadState| matches!(state, ThreadState::Blocked(call) if test(*call));
        threads.iter().filter(|thread| is_it(&thread.state)).count()
    };
    let (read, accept) = (asleep_in(Syscall::reads), asleep_in(Syscall::accepts));
    trial.note(format!(
        "with {CLIENTS} clients connected: {}, {read} asleep in read, {accept} in accept",
        count(threads.len(), "thread")
    ));
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// From 200 to 1,000 clients, each adds at most 64 KiB (rule R6: a slope, never an amount).
pub(crate) async fn memory_per_connection(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const FROM: usize = 200;
    const TO: usize = 1000;
    const EACH: u64 = 64 * 1024;
    /// For the allocator, and for what a task needs besides a buffer of that size.
    const SLACK: u64 = 16 * 1024;
    /// Memory is measured after every batch of this size, so that a greedy program does not exhaust the machine.
    const STEP: usize = 100;
    let server = trial.start(start).await?;
    server.expect_descriptors_for(TO)?;
    trial.step(format!("connect {FROM} clients; each gets an answer and stays connected"));
    let mut open = server.connect_many(FROM).await?;
    let before = server.probe().rss_anon();
    trial.step(format!("connect {} more clients", TO - FROM));
    while open.len() < TO {
        open.extend(server.connect_many(STEP).await?);
        let grown = expect::growth(&before, &server.probe().rss_anon()).values().sum::<u64>();
        if grown > (EACH + SLACK) * (TO - FROM) as u64 {
            let more = open.len() - FROM;
            let observed = format!(
                "memory grew by {} (RssAnon) with {more} more clients, {} each",
                size(grown),
                size(grown / more as u64)
            );
            let failure = Failure::property(observed)
                .expecting(format!("each client adds at most {} of memory", size(EACH)))
                .because(causes::LARGE_BUFFER_IN_TASK);
            return Err(server.fail(failure).await);
        }
    }
    open.into_iter().for_each(Client::reset);
    Ok(())
}
