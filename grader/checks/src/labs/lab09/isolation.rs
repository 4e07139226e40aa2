//! Task 4: clients that stall, lie, flood or never read must not affect other clients.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use engine::drive::{BufferSize, Client, Server, Trial, try_join_bounded};
use engine::verdict::{CheckError, Failure};

use super::call::{Call, some_id};
use super::causes;
use super::client::FrameClient;
use super::frame::{HEADER, frame, header, shown_body, shown_cut};
use super::memory::growth_of_known;
use super::object::error;
use super::start::PATIENT;
use crate::expect;

/// Where a frame of a stalled client is cut.
const CUT: usize = HEADER + 9;

pub(super) async fn bad_client_isolated(trial: &Trial) -> Result<(), CheckError> {
    const STALLED: usize = 10;
    let server = trial.start(&PATIENT).await?;
    trial.step("connect 15 clients, one after another: how long until each gets an answer?");
    let before = expect::median_delay(&server).await?;
    trial.step(format!(
        "connect {STALLED} clients that send half a frame each, and one that sends frames without reading \
         answers until its writes have stalled for 300 ms"
    ));
    let calls: Vec<Call> = (0..STALLED).map(|_| Call::any(trial, some_id(trial))).collect();
    let stalling = calls.iter().zip(1..).map(|(call, index)| stall(&server, call, index));
    let stalled = try_join_bounded(stalling).await?;
    let _slow_reader = flood_without_reading(trial, &server).await?;
    trial.step("connect a new client, which must get an answer");
    server.serve_new_client("a new client").await?;
    trial.step(
        "connect 15 clients again, while one bad client sends bodies that are not JSON, 100 at a time, and \
         others, one after another, send a header that announces 4 GiB",
    );
    expect_no_delay_under_attack(&server, before).await?;
    trial.step("the clients with half a frame send the rest and get answers");
    for (client, call) in &stalled {
        client.send(&call.frame()[CUT..]).await?;
        client.describe_sent(format!("{}, in two pieces", shown_cut(&call.frame(), CUT)));
        client.expect(&call.answer, Some(&causes::CLIENTS_SHARE_STATE)).await?;
    }
    Ok(())
}

/// Connects client number `index`, which stops inside the frame of `call`.
async fn stall<'a>(
    server: &Rc<Server>,
    call: &'a Call,
    index: usize,
) -> Result<(FrameClient, &'a Call), CheckError> {
    let name = format!("stalled client {index}");
    let client = FrameClient::connect(server, &name).await?;
    client.ask_any(None).await?;
    client.send(&call.frame()[..CUT]).await?;
    Ok((client, call))
}

/// Connects a client that sends frames until nothing moves, and reads no answers. They must not pile up in the program.
async fn flood_without_reading(trial: &Trial, server: &Rc<Server>) -> Result<Client, CheckError> {
    const MAX_GROWTH: u64 = 16 * 1024 * 1024;
    let slow_reader =
        server.connect_with("the client that does not read", BufferSize::Small).await?;
    slow_reader.ask().await?;
    let flood = trial.service().exchange.flood(trial, expect::MORE_THAN_FITS);
    let memory = server.probe().rss_anon();
    // A program may disconnect it, which is one way not to wait for it.
    let _ = slow_reader.connection.send_until_stalled(&flood).await;
    let grown = growth_of_known(&memory, server.probe().rss_anon());
    let piled_up = |grown: &str| {
        Failure::property(format!("memory grew by {grown} (RssAnon)"))
            .because(causes::UNREAD_ANSWERS_PILE_UP)
    };
    expect::memory_growth_below(server, grown, MAX_GROWTH, piled_up).await?;
    Ok(slow_reader)
}

/// Expects new clients to get answers as fast as `before` while others send nonsense.
async fn expect_no_delay_under_attack(
    server: &Rc<Server>,
    before: Duration,
) -> Result<(), CheckError> {
    let rounds = [Cell::new(0), Cell::new(0)];
    let attack =
        async { tokio::try_join!(bad_bodies(server, &rounds[0]), oversized(server, &rounds[1])) };
    let measuring = async {
        // Both attackers are at work before the measurement starts.
        while rounds.iter().any(|rounds| rounds.get() == 0) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let after = expect::median_delay(server).await?;
        let attackers = "the bad clients";
        expect::no_delay(server, expect::ANSWERED, before, after, attackers).await
    };
    tokio::select! {
        biased;
        measured = measuring => measured,
        // The attackers never stop by themselves.
        failed = attack => failed.map(drop),
    }
}

/// One client keeps sending bodies that are not JSON, and reads the answers.
async fn bad_bodies(server: &Rc<Server>, rounds: &Cell<u32>) -> Result<(), CheckError> {
    const AT_ONCE: usize = 100;
    let client = FrameClient::connect(server, "the client that does not send JSON").await?;
    let bytes = frame(b"hello").repeat(AT_ONCE);
    loop {
        client.send(&bytes).await?;
        client.describe_sent(format!("{AT_ONCE} times {}", shown_body(b"hello")));
        for _ in 0..AT_ONCE {
            client.expect(&error("bad json"), Some(&causes::CLIENTS_SHARE_STATE)).await?;
        }
        rounds.set(rounds.get() + 1);
        // Let others have their turn: a client that shares a CPU with this one is not slow.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Clients send a header that announces nearly 4 GiB, one after another, forever.
async fn oversized(server: &Rc<Server>, rounds: &Cell<u32>) -> Result<(), CheckError> {
    loop {
        let client =
            FrameClient::connect(server, "the client whose header announces 4 GiB").await?;
        client.send(&header(u32::MAX)).await?;
        client.expect_too_large(&causes::CLIENTS_SHARE_STATE).await?;
        // Rule R7: no TIME_WAIT on this side.
        client.reset();
        rounds.set(rounds.get() + 1);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
