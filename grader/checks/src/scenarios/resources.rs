//! What a server holds and uses: descriptors, threads, CPU time.

use std::rc::Rc;

use course::text::{count, time};
use engine::drive::{Client, Context, Server, Start, Trial, try_join_all, try_join_bounded};
use engine::verdict::{CheckError, Failure};

use super::causes;
use crate::expect;

/// A program with nothing to do sleeps: before any client, with idle clients, and after a stalled one.
pub(crate) async fn idle_is_idle(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const CLIENTS: usize = 50;
    let untouched = trial.start(start).await?;
    let visited = trial.start(start).await?;
    trial.step(format!(
        "connect {CLIENTS} clients to the second program; each gets an answer, then sends nothing"
    ));
    let clients = visited.connect_many(CLIENTS).await?;
    let drained = trial.start(start).await?;
    trial.step(
        "a client of the third program sends without reading until its writes have stalled for 300 ms; later it reads \
         everything and stays connected",
    );
    trial.step(format!(
        "watch each program for {}: how often does a thread wake up?",
        time(expect::IDLE_WINDOW)
    ));
    let stalled = expect_idle_after_stall(trial, &drained);
    let idle = expect::idle(&visited, "with 50 idle clients");
    let untouched = expect::idle(&untouched, "before any client connects");
    // All three run to the end, so that, of several failures, the same one is always reported.
    let (untouched, idle, stalled) = tokio::join!(untouched, idle, stalled);
    untouched.and(idle).and(stalled)?;
    trial.step("the 50 clients send another request: silence is no reason to disconnect them");
    try_join_all(clients.iter().map(Client::ask)).await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// A client sends without reading: the program sleeps while it can neither read nor write, and after the client has
/// read all of the answers.
async fn expect_idle_after_stall(trial: &Trial, server: &Rc<Server>) -> Result<(), CheckError> {
    let client = server.serve_new_client("the client").await?;
    let flood = trial.service().exchange.flood(trial, expect::MORE_THAN_FITS);
    let taken = client.send_until_stalled(&flood).await?;
    if let expect::CpuUse::High(busiest) = expect::cpu_use(server).await {
        let failure = Failure::property(format!("while a client did not read, {busiest}"))
            .expecting("a program that can neither read nor write sleeps")
            .because(causes::KEEPS_READ_INTEREST);
        return Err(server.fail(failure).await);
    }
    client.drain(taken).await?;
    expect::idle(server, "after a stalled client has read everything").await
}

/// How many clients connect and leave before something is counted again.
const CHURN: usize = 2000;

/// 2,000 clients connect and leave, [`MAX_CONNECTING`] at a time: most are reset (rule R7: TIME_WAIT would use up the
/// ports), the others close or half-close.
async fn churn(server: &Rc<Server>, context: &Context) -> Result<(), CheckError> {
    context.step(format!(
        "{CHURN} clients connect, exchange a few bytes and leave: 9 of 10 reset their connections (RST), the others \
         close or half-close them"
    ));
    let visits = (0..CHURN).map(|_| async {
        let client = server.serve_new_client("a client").await?;
        match context.number(0..=19) {
            0 => {
                // Other checks judge how it ends.
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

/// After 2,000 clients, the descriptor count is as before.
pub(crate) async fn descriptors_return(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    expect_descriptors_to_return(&server, trial, "2,000 clients", async || {
        churn(&server, trial).await
    })
    .await
}

/// After `visits`, the descriptor count is as before. Reports call the visitors `clients`.
pub(crate) async fn expect_descriptors_to_return(
    server: &Rc<Server>,
    context: &Context,
    clients: &str,
    visits: impl AsyncFn() -> Result<(), CheckError>,
) -> Result<(), CheckError> {
    let open = || Ok(server.probe().descriptor_count()?);
    if let Some((before, after)) =
        expect::returns_to_baseline(server, context, "descriptors", open, visits).await?
    {
        let after = count(after, "descriptor");
        let failure = Failure::property(format!("{after}, and more after every {clients}"))
            .expecting(format!("{} open, as before", count(before, "descriptor")))
            .because(causes::KEEPS_STREAMS);
        return Err(server.fail(failure).await);
    }
    context.step("wait until no client socket is left");
    expect::holds_within(
        server,
        || Ok(server.client_sockets()? == 0),
        || {
            let left = count(server.client_sockets().unwrap_or_default(), "socket");
            Failure::property(format!("{left} of clients that have left"))
                .expecting("no client socket is open")
                .because(causes::KEEPS_STREAMS)
        },
    )
    .await
}

/// After 2,000 clients, the thread count is as before.
pub(crate) async fn threads_return(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    // A zombie, a child process that was not waited for, uses system resources as a thread does.
    let threads = || Ok(server.probe().thread_count() + server.probe().zombies().len());
    let visits = async || churn(&server, trial).await;
    if let Some((before, after)) =
        expect::returns_to_baseline(&server, trial, "threads", threads, visits).await?
    {
        let after = count(after, "thread");
        let failure = Failure::property(format!("{after}, and more after every 2,000 clients"))
            .expecting(format!("{}, as before", count(before, "thread")))
            .because(causes::KEEPS_THREADS);
        return Err(server.fail(failure).await);
    }
    Ok(())
}
