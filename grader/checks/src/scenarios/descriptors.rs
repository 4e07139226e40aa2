//! A server that runs out of descriptors: `accept` fails with EMFILE, and clients wait in the listen queue.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{
    BufferSize, Client, Connection, Context, MAX_CONNECTING, Server, Start, Trial,
};
use engine::lab::{Described, check};
use engine::subject::DescriptorLimit;
use engine::verdict::{CheckError, Failure};
use futures_util::stream::{self, StreamExt};
use observe::ConnectionTable;
use tokio::task::JoinHandle;

use super::causes;
use crate::expect;

/// How many clients are served throughout the check.
const SERVED: usize = 4;

/// How many requests one of them sends, each after the previous answer, to measure a delay. A server that pauses for a
/// few milliseconds after each failed accept delays most of them.
const REQUESTS: u32 = 50;

/// Some runtimes raise their own soft limit, as Go's and Java's do.
const LIMIT: DescriptorLimit = DescriptorLimit { soft: 64, hard: 128 };

/// How many clients must be served once the others have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// A third of those accepted before: a client that is served may need a second descriptor, such as one to another
    /// server.
    AThird,
    /// More than before, with a higher limit: only this shows a slot that was lost while accept failed. A program
    /// whose table has the size of its first limit cannot serve more.
    BeyondTheLimit,
}

/// With a process for each client, no limit holds for all clients together.
const MAX_MORE: usize = 100;

/// The row of [`out_of_descriptors`] in a lab's table, as far as it is the same in all labs.
pub(crate) const fn row(task: u8, points: u32) -> Described {
    check("out-of-descriptors")
        .task(task)
        .cleanup(points)
        .rule("when descriptors run out, the server keeps serving, does not spin, and recovers")
}

/// Out of descriptors, the program does not spin and serves its clients. Once others have left, it accepts new ones.
pub(crate) async fn out_of_descriptors(
    trial: &Trial,
    start: &Start,
    recovery: Recovery,
) -> Result<(), CheckError> {
    let server = trial.start(&Start { descriptors: LIMIT, ..*start }).await?;
    trial.step(format!(
        "connect {SERVED} clients; each gets an answer and stays connected; two others connect and leave, one by a close, \
         one by a half-close"
    ));
    let served = server.connect_many(SERVED).await?;
    leave_first(&server).await?;
    trial.step(format!("one of the {SERVED} sends {REQUESTS} requests, one after another"));
    let before = request_time(&served[0]).await?;
    // A program that always spins fails another check.
    let always_spins = matches!(expect::cpu_use(&server).await, expect::CpuUse::High(_));
    let connects = fill(trial, &server).await?;
    let held = ConnectionTable::of(server.address()).accepted().saturating_sub(SERVED);
    trial.step("while at least one client waits in the listen queue, watch how much CPU time the program uses");
    let waiting = connect_in_background(&server, 1);
    wait_for_queue(&server).await;
    if !always_spins {
        expect_low_cpu_use(&server).await?;
    }
    trial.step(format!("that client sends another {REQUESTS} requests; if they take too long, it tries again, up to 3 tries in all"));
    expect_service(&server, &served[0], before).await?;
    trial.step("one second later, close all other clients (FIN)");
    // Not a wait for an event: a second of failed accepts is the test.
    tokio::time::sleep(Duration::from_secs(1)).await;
    for connects in [connects, waiting] {
        connects.abort();
        // The task and its connections end when it is next polled.
        let _ = connects.await;
    }
    expect_recovery(trial, &server, &served, held, recovery).await
}

/// Connects clients that send nothing until a process reaches its descriptor limit. They stay open until the returned
/// task is aborted.
async fn fill(context: &Context, server: &Server) -> Result<JoinHandle<()>, CheckError> {
    /// More than either limit allows.
    const CLIENTS: usize = 160;
    context.step(format!(
        "connect up to {CLIENTS} more clients, which send nothing, until a process reaches its descriptor limit"
    ));
    let limit = server.process.descriptor_limit().unwrap_or(LIMIT.soft);
    let connects = connect_in_background(server, CLIENTS);
    let full = || {
        let most = server.probe().descriptor_counts()?.into_values().max().unwrap_or(0);
        let is_over = most as u64 >= limit
            || server.process.has_ended()
            || server.client_sockets()? >= SERVED + CLIENTS;
        Ok(is_over.then_some(()))
    };
    // A program that stops accepting for a reason of its own becomes idle, too.
    server.process.poll_until(full).await?;
    Ok(connects)
}

/// A runtime may need descriptors when it first closes a connection, so clients leave before the program runs out.
async fn leave_first(server: &Rc<Server>) -> Result<(), CheckError> {
    let client = server.serve_new_client("a client that closes").await?;
    drop(client);
    let client = server.serve_new_client("a client that half-closes").await?;
    client.connection.half_close();
    client.ending().await?;
    server.process.wait_until_idle(Duration::from_millis(200)).await;
    Ok(())
}

/// Connects `clients` clients, which stay open until the task is aborted. Nothing waits for the task: at the limit the
/// queue may be full, and then a connect does not return.
fn connect_in_background(server: &Server, clients: usize) -> JoinHandle<()> {
    let (journal, address) = (server.context().journal().clone(), server.address());
    tokio::task::spawn_local(async move {
        let mut open = Vec::new();
        let mut connects = stream::iter(0..clients)
            .map(|_| Connection::open(&journal, address, BufferSize::Default))
            .buffered(MAX_CONNECTING);
        while let Some(connection) = connects.next().await {
            open.extend(connection);
        }
        std::future::pending::<()>().await;
        drop(open);
    })
}

/// Waits until a client is in the listen queue. With a short backlog, the others may still be retrying their connects,
/// and with an empty queue no accept fails. A program may also keep the queue empty by closing what it cannot serve.
async fn wait_for_queue(server: &Server) {
    const MAX_WAIT: Duration = Duration::from_secs(2);
    let begin = Instant::now();
    while ConnectionTable::of(server.address()).not_accepted() == 0 && begin.elapsed() < MAX_WAIT {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn expect_low_cpu_use(server: &Server) -> Result<(), CheckError> {
    let failure = match expect::cpu_use(server).await {
        expect::CpuUse::Low => return Ok(()),
        expect::CpuUse::Ended => {
            Failure::property("the program ended when it ran out of descriptors")
                .expecting("the program keeps running")
                .because(causes::ACCEPT_ERRORS_ARE_FATAL)
        }
        expect::CpuUse::High(busiest) => Failure::property(busiest.to_string())
            .expecting("a program that cannot accept uses next to no CPU time")
            .because(causes::SPINS_ON_ACCEPT_ERRORS),
    };
    Err(server.fail(failure).await)
}

/// How long the requests of `client` take.
async fn request_time(client: &Client) -> Result<Duration, CheckError> {
    let begin = Instant::now();
    for _ in 0..REQUESTS {
        client.ask().await?;
    }
    Ok(begin.elapsed())
}

/// Expects that `client` is served as before, when its requests took `before` (rule R3). Only the fastest of several
/// tries is held to the limit (rule R2): 50 round trips sometimes take long while other processes run.
async fn expect_service(
    server: &Server,
    client: &Client,
    before: Duration,
) -> Result<(), CheckError> {
    const TRIES: usize = 3;
    let max = (5 * before).max(Duration::from_millis(250));
    let mut after = Duration::MAX;
    for _ in 0..TRIES {
        let time = request_time(client).await;
        let time = time.map_err(|error| error.if_unanswered(causes::ACCEPT_ERRORS_STOP_CLIENTS))?;
        after = after.min(time);
        if after <= max {
            return Ok(());
        }
    }
    expect::not_starved(&server.process)?;
    let observed = format!(
        "{REQUESTS} requests of one client took {} before, and {} while other clients waited in the queue (the fastest \
         of {TRIES} tries)",
        time(before),
        time(after)
    );
    let failure = Failure::property(observed)
        .expecting(format!("a connected client's requests still finish within {}", time(max)))
        .because(causes::ACCEPT_ERRORS_STOP_CLIENTS);
    Err(server.fail(failure).await)
}

/// Expects that, once the others have left, the program serves `served` and new clients. `recovery` says how many,
/// compared with the `held` clients accepted before.
async fn expect_recovery(
    context: &Context,
    server: &Rc<Server>,
    served: &[Client],
    held: usize,
    recovery: Recovery,
) -> Result<(), CheckError> {
    // A slot lost while accept failed shows only if more clients are served than before. The number accepted varies a
    // little from run to run, so the step says what it is compared with.
    let (number, clients) = match recovery {
        Recovery::BeyondTheLimit if server.process.raise_descriptor_limit() => (
            (held * 3 / 2).min(MAX_MORE),
            "one and a half times as many clients as were accepted before",
        ),
        _ => (held / 3, "a third as many clients as were accepted before"),
    };
    context.step("connect a new client, which must get an answer");
    // An unfinished handshake may hold its descriptor until its timeout.
    server.until_clients_are_at_most(SERVED).await?;
    let new = server.still_serves("the new client").await;
    let new = new.map_err(|error| error.if_unanswered(causes::ACCEPT_ERRORS_ARE_FATAL))?;
    context.step(format!(
        "connect {clients}; each must get an answer while all are connected, and so must the first {SERVED} clients"
    ));
    let clients = server.connect_many(number).await;
    let clients = clients.map_err(|error| error.if_unanswered(causes::LOSES_SLOTS))?;
    for client in served {
        client.ask().await?;
    }
    new.finish().await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}
