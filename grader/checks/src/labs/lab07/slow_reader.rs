//! Task 4: a client that never reads is disconnected, and delays no other.

use std::rc::Rc;

use course::text::{count, printable};
use engine::drive::{Context, Server, Start, Trial};
use engine::verdict::{CheckError, Failure};
use serde_json::Value;

use super::causes;
use super::client::ChatClient;
use super::protocol::{any_welcome, error, has, joined, message};
use super::stalled::{SAMPLES, StalledRoom};
use crate::expect;
use crate::json::parse_json;

pub(super) async fn slow_consumer(trial: &Trial) -> Result<(), CheckError> {
    const LONGER: Start = Start { flags: &["--queue", "1024"], ..Start::PLAIN };
    /// The two queues differ by 960, but the kernel does not buffer the same amount each time.
    const MIN_MORE: usize = 300;
    /// Twice as many would be 1,920.
    const MAX_MORE: usize = 1500;
    let mut room = StalledRoom::begin(trial, &Start::PLAIN).await?;
    trial.step(
        "amy keeps sending until max1 and max2 are disconnected; she and zoe get `left` for each",
    );
    let short = room.say_until_cut_off().await?;
    expect_no_delay(&room).await?;
    let _successor = expect_cut_off(trial, &room).await?;
    let mut other = StalledRoom::begin(trial, &LONGER).await?;
    trial.step(
        "amy keeps sending until max1 and max2 are disconnected, which takes more messages with the longer queue",
    );
    let long = other.say_until_cut_off().await?;
    let are_fixed = room.buffers_are_fixed && other.buffers_are_fixed;
    let more = long.saturating_sub(short);
    expect::that(&other.server, more >= MIN_MORE && (more <= MAX_MORE || !are_fixed), || {
        Failure::property(format!("{short} messages with --queue 64, {long} with --queue 1024"))
            .expecting(
                "with --queue 1024, it takes about 960 more messages to get max1 and max2 disconnected than with --queue 64",
            )
            .because(causes::QUEUE_LENGTH_IGNORED)
    })
    .await
}

/// The last messages took little longer than the first.
async fn expect_no_delay(room: &StalledRoom) -> Result<(), CheckError> {
    let before = expect::median(room.times[..SAMPLES].to_vec());
    let after = expect::median(room.times[room.times.len() - SAMPLES..].to_vec());
    let what = "a message reaches the others";
    expect::no_delay(&room.server, what, before, after, "two clients that never read").await
}

/// The program has closed the sockets of the clients that never read, and freed their names; what it sent before still
/// arrives. Returns the client that took the name of the first.
async fn expect_cut_off(context: &Context, room: &StalledRoom) -> Result<ChatClient, CheckError> {
    let StalledRoom { server, listeners, stalled, .. } = room;
    context.step(
        "the program closes their sockets, although they have not read anything, and frees the name of max1",
    );
    expect_closed_sockets(server, listeners.len()).await?;
    let max = &stalled[0].name;
    let successor = ChatClient::join_when_free(server, max, &room.room).await?;
    for client in listeners {
        client.expect_because(&joined(max), &causes::CUT_OFF_CLIENT_LEAVES_TWICE).await?;
    }
    context.step(
        "now max1 and max2 read: they get all messages without a gap and are then disconnected",
    );
    for client in stalled {
        expect_prefix(room, client).await?;
    }
    let users = [&listeners[0].name, max, &listeners[1].name].map(String::as_str);
    successor.expect_users(&users, &causes::USERS_NOT_SORTED).await?;
    for client in listeners {
        client.expect_users(&users, &causes::CUT_OFF_CLIENT_LEAVES_TWICE).await?;
    }
    Ok(successor)
}

/// The program closes all sockets but those of this many clients.
async fn expect_closed_sockets(server: &Rc<Server>, clients: usize) -> Result<(), CheckError> {
    let closed = || Ok((server.client_sockets()? <= clients).then_some(()));
    if server.process.poll_until(closed).await?.is_some() {
        return Ok(());
    }
    let open = count(server.client_sockets()?, "socket");
    let failure =
        Failure::property(format!("{open} still open, although only two clients are left"))
            .expecting("the server closes the socket of a disconnected client");
    Err(server.fail(failure.because(causes::BLOCKED_TASK_NOT_ENDED)).await)
}

/// When `client` finally reads, it gets the messages since it joined, without a gap; then perhaps the reason, and the
/// end.
async fn expect_prefix(room: &StalledRoom, client: &ChatClient) -> Result<(), CheckError> {
    /// In bytes: more than the kernel buffers for a side that does not read.
    const MAX_RECEIVED: usize = 16 * 1024 * 1024;
    /// In characters.
    const MAX_SHOWN: usize = 60;
    let ending = client.ending_with(MAX_RECEIVED).await?;
    let text = String::from_utf8_lossy(&ending.words);
    let mut whole: Vec<&str> = text.split('\n').collect();
    // The last line may be incomplete: the socket may have been closed in the middle of it.
    whole.pop();
    let mut number = SAMPLES;
    for (index, line) in whole.iter().enumerate() {
        let event = parse_json(line.as_bytes()).unwrap_or(Value::Null);
        let is_first = index == 0 && has(&event, &any_welcome());
        let is_next = index == 1 && event["event"] == "joined";
        let is_last = index + 1 == whole.len() && has(&event, &error("too slow"));
        if is_first || is_next || is_last {
            continue;
        }
        if !has(&event, &message(&room.listeners[0].name, &room.text(number))) {
            let before = count(number - SAMPLES, "message");
            let found = printable(line, MAX_SHOWN);
            let failure = Failure::property(format!("after {before}, it got {found}"))
                .expecting(format!("{} gets every message up to its disconnection", client.name));
            return Err(room.server.fail(failure.because(causes::GAP_IN_MESSAGES)).await);
        }
        number += 1;
    }
    Ok(())
}
