//! What a server holds and uses: descriptors, threads, CPU time.

use std::rc::Rc;

use course::text::{count, time};
use engine::drive::{Client, Context, Server, Start, Trial, try_join_all, try_join_bounded};
use engine::verdict::{CheckError, Failure};

use super::causes;
use crate::expect;

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
        time(expect::IDLE_WINDOW)
    ));
    let stalled = expect_idle_after_stall(trial, &drained);
    let idle = expect::idle(&visited, "with 50 idle clients");
    let untouched = expect::idle(&untouched, "before any client");
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
    let flood = trial.service().exchange.flood(trial, expect::MORE_THAN_FITS);
    let taken = client.send_until_stalled(&flood).await?;
    if let expect::CpuUse::High(busiest) = expect::cpu_use(server).await {
        let failure = Failure::property(format!("while a client did not read, {busiest}"))
            .expecting("a program that can neither read nor write sleeps")
            .because(causes::KEEPS_READ_INTEREST);
        return Err(server.fail(failure).await);
    }
    client.drain(taken).await?;
    expect::idle(server, "after a stalled client has read on").await
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
        expect::returns_to_baseline(server, context, "descriptors", open, visits).await?
    {
        let after = count(after, "descriptor");
        let failure = Failure::property(format!("{after}, and more after each {clients}"))
            .expecting(format!("{} open, as before", count(before, "descriptor")))
            .because(causes::KEEPS_STREAMS);
        return Err(server.fail(failure).await);
    }
    context.step("wait until no client's socket is left");
    expect::holds_within(
        server,
        || Ok(server.client_sockets()? == 0),
        || {
            let left = count(server.client_sockets().unwrap_or_default(), "socket");
            Failure::property(format!("{left} of clients that are gone"))
                .expecting("no socket of a client is open")
                .because(causes::KEEPS_STREAMS)
        },
    )
    .await
}

/// After 2,000 clients the threads are as before.
pub(crate) async fn threads_return(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    // A child that has ended and was not waited for takes as much of the system as a thread.
    let threads = || Ok(server.probe().thread_count() + server.probe().zombies().len());
    let visits = async || churn(&server, trial).await;
    if let Some((before, after)) =
        expect::returns_to_baseline(&server, trial, "threads", threads, visits).await?
    {
        let after = count(after, "thread");
        let failure = Failure::property(format!("{after}, and more after each 2,000 clients"))
            .expecting(format!("{}, as before", count(before, "thread")))
            .because(causes::KEEPS_THREADS);
        return Err(server.fail(failure).await);
    }
    Ok(())
}
