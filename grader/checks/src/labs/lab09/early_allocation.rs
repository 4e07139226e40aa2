//! Task 3: headers alone take next to no memory.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use course::text::size;
use engine::drive::{Client, Server, Start, Trial};
use engine::verdict::{CheckError, Failure};

use super::call::{Call, some_id};
use super::causes;
use super::frame::{HEADER, header};
use super::memory::growth_of_known;
use super::protocol::FrameAnswer;

const CLIENTS: usize = 50;

/// What each client announces, in bytes: exactly the maximum length.
const LIMIT: u32 = 4 * 1024 * 1024;

pub(super) async fn no_early_allocation(trial: &Trial) -> Result<(), CheckError> {
    const START: Start =
        Start { flags: &["--max-frame", "4194304", "--frame-timeout-ms", "60000"], ..Start::PLAIN };
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect {CLIENTS} clients; each gets an answer and sends the header of a short frame; note the \
         program's memory"
    ));
    let clients = server.connect_many(CLIENTS).await?;
    let calls: Vec<Call> = (0..CLIENTS).map(|_| Call::any(trial, some_id(trial))).collect();
    for (client, call) in clients.iter().zip(&calls) {
        client.send(&call.frame()[..HEADER].to_vec().into()).await?;
    }
    wait_until_all_read(&server, &clients).await?;
    let before = Memory::of(&server);
    trial.step(format!(
        "each sends the rest and gets an answer; then it sends a header that announces {LIMIT} bytes, \
         exactly the maximum length, but no body"
    ));
    announce_bodies(&clients, &calls).await?;
    wait_until_all_read(&server, &clients).await?;
    // A program acts on a header immediately; the wait is for programs that do nothing.
    server.process.wait_until_idle(Duration::from_millis(150)).await;
    expect_little_growth(&server, &before).await?;
    expect_silence(&server, &clients).await?;
    trial.step("all of them reset their connections (RST); a new client must be served");
    clients.into_iter().for_each(Client::reset);
    server.still_serves("the new client").await?.finish().await
}

/// Each client completes the frame that it has begun, gets an answer and sends the header of a long one.
async fn announce_bodies(clients: &[Client], calls: &[Call]) -> Result<(), CheckError> {
    for (client, call) in clients.iter().zip(calls) {
        client.send(&call.frame()[HEADER..].to_vec().into()).await?;
    }
    for (client, call) in clients.iter().zip(calls) {
        client.answered(&FrameAnswer(call.answer.clone())).await?;
    }
    for client in clients {
        client.send(&header(LIMIT).to_vec().into()).await?;
    }
    Ok(())
}

/// The memory of each process, in bytes.
struct Memory {
    /// What was requested (VmData).
    data: BTreeMap<i32, u64>,
    /// What is used (RssAnon).
    resident: BTreeMap<i32, u64>,
}

impl Memory {
    fn of(server: &Server) -> Self {
        Self { data: server.probe().vm_data(), resident: server.probe().rss_anon() }
    }
}

async fn expect_little_growth(server: &Server, before: &Memory) -> Result<(), CheckError> {
    const MAX_GROWTH: u64 = CLIENTS as u64 * LIMIT as u64 / 4;
    let after = Memory::of(server);
    let grown = |before, after| growth_of_known(before, after).into_values().sum::<u64>();
    let data = grown(&before.data, after.data);
    let resident = grown(&before.resident, after.resident);
    if data.max(resident) < MAX_GROWTH {
        return Ok(());
    }
    let observed =
        format!("{} more requested (VmData), {} more used (RssAnon)", size(data), size(resident));
    let expected = format!(
        "the program's memory grows by less than {}, a quarter of what was announced",
        size(MAX_GROWTH)
    );
    let failure = Failure::property(observed)
        .observing(format!("{CLIENTS} clients have sent a header of four bytes each"))
        .expecting(expected)
        .because(causes::ALLOCATES_ANNOUNCED_LENGTH);
    Err(server.fail(failure).await)
}

/// Expects that `clients`, whose frames are not complete, have got nothing.
async fn expect_silence(server: &Server, clients: &[Client]) -> Result<(), CheckError> {
    for (client, index) in clients.iter().zip(1..) {
        if let Some(arrived) = client.connection.arrived() {
            let observed = format!("client {index} sent a header, then {arrived}");
            let failure = Failure::property(observed)
                .expecting(
                    "the program waits for a body of exactly the maximum length, here for a minute",
                )
                .because(causes::FRAME_AT_LIMIT_NOT_AWAITED);
            return Err(server.fail(failure).await);
        }
    }
    Ok(())
}

/// Waits until the program has read what `clients` have sent.
async fn wait_until_all_read(server: &Rc<Server>, clients: &[Client]) -> Result<(), CheckError> {
    let ends: HashMap<u16, (i32, i32)> = server
        .probe()
        .sockets()?
        .into_iter()
        .filter_map(|socket| {
            Some((socket.entry?.remote_address.port(), (socket.pid, socket.descriptor)))
        })
        .collect();
    let is_read = |client: &Client| match ends.get(&client.connection.ports.0) {
        Some(&(pid, descriptor)) => server.probe().unread(pid, descriptor) == Some(0),
        None => false,
    };
    let all_read = || Ok(clients.iter().all(is_read).then_some(()));
    // A program that stops reading from a client is judged by its memory all the same.
    server.process.poll_until(all_read).await.map(drop)
}
