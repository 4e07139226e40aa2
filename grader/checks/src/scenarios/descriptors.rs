//! A server that runs out of descriptors: `accept` fails with EMFILE, and clients wait in the listener's queue.

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

/// How many clients are served from beginning to end.
const SERVED: usize = 4;

/// How many requests one of them makes, each after the answer to the one before, where a delay is looked for. A server
/// that stops for a few milliseconds after each failed accept stops for most of them.
const REQUESTS: u32 = 50;

/// A runtime may raise its soft limit by itself, as Go's and Java's do.
const LIMIT: DescriptorLimit = DescriptorLimit { soft: 64, hard: 128 };

/// How many clients have to be served once the others have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// A third of those that were accepted before: one that is served may need a second descriptor, for another server,
    /// say.
    AThird,
    /// More, with a higher limit: only then is a slot missed that was lost while accept failed. A program that makes a
    /// table of the size of its first limit cannot serve more.
    BeyondTheLimit,
}

/// A program with a process for each client has no limit for all.
const MAX_MORE: usize = 100;

/// The row of [`out_of_descriptors`] in a lab's table, as far as all labs have the same.
pub(crate) const fn row(task: u8, points: u32) -> Described {
    check("out-of-descriptors")
        .task(task)
        .cleanup(points)
        .rule("out of descriptors: serves its clients, does not spin, and accepts again later")
}

/// Out of descriptors, the program does not spin and serves its clients. Once others have left, it accepts new ones.
pub(crate) async fn out_of_descriptors(
    trial: &Trial,
    start: &Start,
    recovery: Recovery,
) -> Result<(), CheckError> {
    let server = trial.start(&Start { descriptors: LIMIT, ..*start }).await?;
    trial.step(format!(
        "{SERVED} clients connect, are answered and stay open; others leave, by FIN and by half-close"
    ));
    let served = server.connect_many(SERVED).await?;
    leave_first(&server).await?;
    trial.step(format!("one of the {SERVED} makes {REQUESTS} requests, one after the other"));
    let before = request_time(&served[0]).await?;
    // One that always does is for another check.
    let always_spins = matches!(expect::cpu_use(&server).await, expect::CpuUse::High(_));
    let connects = fill(trial, &server).await?;
    let held = ConnectionTable::of(server.address()).accepted().saturating_sub(SERVED);
    trial.step("while at least one client waits in the listener's queue, watch how much CPU time the program uses");
    let waiting = connect_in_background(&server, 1);
    wait_for_queue(&server).await;
    if !always_spins {
        expect_low_cpu_use(&server).await?;
    }
    trial.step(format!("the same one of the {SERVED} makes {REQUESTS} requests again"));
    expect_service(&server, &served[0], before).await?;
    trial.step("one second later, all clients but these close (FIN)");
    // Not a wait for something: what is tried is what becomes of a second of failed accepts.
    tokio::time::sleep(Duration::from_secs(1)).await;
    for connects in [connects, waiting] {
        connects.abort();
        // The task ends, and its connections with it, when it is next polled.
        let _ = connects.await;
    }
    expect_recovery(trial, &server, &served, held, recovery).await
}

/// Connects clients that send nothing, until a process has as many descriptors open as it may. They stay open until the
/// task that is returned is aborted.
async fn fill(context: &Context, server: &Server) -> Result<JoinHandle<()>, CheckError> {
    /// More than either limit allows.
    const CLIENTS: usize = 160;
    context.step(format!(
        "up to {CLIENTS} more clients connect and send nothing, until a process has as many descriptors open as it may"
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
    // A program that leaves the queue alone for a reason of its own becomes idle, too.
    server.process.poll_until(full).await?;
    Ok(connects)
}

/// What a runtime loads when it first closes a connection may need descriptors: so clients leave before there are none.
async fn leave_first(server: &Rc<Server>) -> Result<(), CheckError> {
    let client = server.serve_new_client("a client that closes").await?;
    drop(client);
    let client = server.serve_new_client("a client that half-closes").await?;
    client.connection.half_close();
    client.ending().await?;
    server.process.wait_until_idle(Duration::from_millis(200)).await;
    Ok(())
}

/// Connects `clients` clients, all open until the task is aborted. Nothing waits for it: at the limit a queue may be
/// full, and then a connect does not end.
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

/// Waits until a client waits in the listener's queue. With a short backlog the others may be about to repeat a connect
/// that found no place, and an accept that is not called does not fail. A program may also keep the queue empty, by
/// closing what it cannot serve.
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
        expect::CpuUse::Ended => Failure::property("it ended when it ran out of descriptors")
            .expecting("the program goes on")
            .because(causes::ACCEPT_ERRORS_ARE_FATAL),
        expect::CpuUse::High(busiest) => Failure::property(busiest.to_string())
            .expecting("a program that cannot accept uses next to no CPU time")
            .because(causes::SPINS_ON_ACCEPT_ERRORS),
    };
    Err(server.fail(failure).await)
}

/// How long `client` takes for its requests.
async fn request_time(client: &Client) -> Result<Duration, CheckError> {
    let begin = Instant::now();
    for _ in 0..REQUESTS {
        client.ask().await?;
    }
    Ok(begin.elapsed())
}

/// Expects that `client` is served as before, where its requests took the time `before` (rule R3).
async fn expect_service(
    server: &Server,
    client: &Client,
    before: Duration,
) -> Result<(), CheckError> {
    let max = (5 * before).max(Duration::from_millis(250));
    let after = request_time(client).await;
    let after = after.map_err(|error| error.if_unanswered(causes::ACCEPT_ERRORS_STOP_CLIENTS))?;
    if after <= max {
        return Ok(());
    }
    expect::not_starved(&server.process)?;
    let observed = format!(
        "{REQUESTS} requests of one client took {} while others waited in the queue, {} before",
        time(after),
        time(before)
    );
    let failure = Failure::property(observed)
        .expecting(format!("clients that are connected are served: within {}", time(max)))
        .because(causes::ACCEPT_ERRORS_STOP_CLIENTS);
    Err(server.fail(failure).await)
}

/// Expects that, with the others gone, `served` are served and so are new clients: how many, `recovery` says, compared
/// with the `held` that were accepted before.
async fn expect_recovery(
    context: &Context,
    server: &Rc<Server>,
    served: &[Client],
    held: usize,
    recovery: Recovery,
) -> Result<(), CheckError> {
    // A slot that was lost while accept failed is missed only where more clients are served than before.
    // How many were accepted differs from run to run by a few, so the step says what they are compared with.
    let (number, clients) = match recovery {
        Recovery::BeyondTheLimit if server.process.raise_descriptor_limit() => {
            ((held * 3 / 2).min(MAX_MORE), "half as many clients again as were accepted before")
        }
        _ => (held / 3, "a third as many clients as were accepted before"),
    };
    context.step("a new client connects, which must be answered");
    // A handshake that will never be done may hold its descriptor until its time is over.
    server.until_clients_are_at_most(SERVED).await?;
    let new = server.still_serves("the new client").await;
    let new = new.map_err(|error| error.if_unanswered(causes::ACCEPT_ERRORS_ARE_FATAL))?;
    context.step(format!(
        "{clients} connect; each must be answered while all are open, and so must the first {SERVED}"
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
