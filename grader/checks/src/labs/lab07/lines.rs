//! Task 1: lines that are no command, and lines that are too long.

use std::rc::Rc;

use course::text::quoted;
use engine::drive::{BufferSize, Server, Start, Trial};
use engine::verdict::{CheckError, Failure};
use serde_json::json;

use super::causes;
use super::client::ChatClient;
use super::protocol::{MAX_LINE, error, has, join, joined, left, message, named, welcome};

/// Lines that are no command of a client that has joined.
const BAD: [&[u8]; 17] = [
    b"{",
    b"hello",
    b"[]",
    b"5",
    b"\"text\"",
    b"null",
    b"{}",
    b"{\"message\":5}",
    b"{\"message\":null}",
    b"{\"message\":[\"x\"]}",
    b"{\"hello\":\"world\"}",
    b"{\"who\":\"me\"}",
    b"{\"user_id\":5,\"room_id\":\"room\"}",
    b"{\"user_id\":\"zoe\",\"room_id\":[\"room\"]}",
    b"{\"message\":\"x\"",
    b"{\"message\":\"\xff\xfe\"}",
    b"\xc3(",
];

/// Whether `line` is no command before the join, either. Some programs take a message of a wrong type for a message and
/// answer `join first`.
fn is_bad_before_join(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    !text.contains("message") && !text.contains("who")
}

pub(super) async fn bad_json(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let (room, ana, bob) = (named(trial, "room"), named(trial, "ana"), named(trial, "bob"));
    let first = ChatClient::join(&server, &ana, &room, &[&ana]).await?;
    trial.step(
        "a client sends lines that are no command before it joins: `bad json`, and it goes on",
    );
    let second = ChatClient::connect(&server, &bob, BufferSize::Default).await?;
    for line in BAD.into_iter().filter(|line| is_bad_before_join(line)) {
        expect_bad_json(&second, line).await?;
    }
    second.send(&join(&bob, &room)).await?;
    let welcome = welcome(&room, &[&ana, &bob]);
    second.expect_because(&welcome, &causes::BAD_JSON_NOT_ANSWERED).await?;
    trial.step("and so after it has joined; a second join is none, either");
    for line in BAD {
        expect_bad_json(&second, line).await?;
    }
    second.send(&join(&named(trial, "cleo"), &room)).await?;
    second.expect_because(&error("bad json"), &causes::BAD_JSON_NOT_ANSWERED).await?;
    trial.step("it says something; the other hears that, and has heard nothing before");
    let word = trial.word_text();
    second.say(&word).await?;
    first.expect_because(&joined(&bob), &causes::STRAY_EVENT).await?;
    first.expect_because(&message(&bob, &word), &causes::STRAY_EVENT).await
}

/// Sends `line`, which is no command, and expects it to be refused.
async fn expect_bad_json(client: &ChatClient, line: &[u8]) -> Result<(), CheckError> {
    client.send_bytes([line, b"\n"].concat()).await?;
    let answered = client.expect_because(&error("bad json"), &causes::BAD_JSON_NOT_ANSWERED).await;
    answered.map_err(|error| error.observing(format!("it had sent {}", quoted(line))))
}

pub(super) async fn line_too_long(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let (room, ana, zoe) = (named(trial, "room"), named(trial, "ana"), named(trial, "zoe"));
    let clients = ChatClient::join_in_turn(&server, &[ana.clone(), zoe.clone()], &room).await?;
    let first = &clients[0];
    let around = json!({ "message": "" }).to_string().len();
    let text = trial.text(MAX_LINE - around);
    trial.step("zoe sends a line of 4,096 bytes, and ana hears it");
    clients[1].say(&text).await?;
    first.expect_because(&message(&zoe, &text), &causes::WRONG_LINE_LIMIT).await?;
    for (what, end) in [("with its newline", "\n"), ("and no newline", "")] {
        let bob = named(trial, "bob");
        trial.step(format!(
            "bob joins, and sends a line of 4,097 bytes {what}: an error, and the end"
        ));
        let second = ChatClient::join(&server, &bob, &room, &[&ana, &bob, &zoe]).await?;
        first.expect(&joined(&bob)).await?;
        let line = format!("{}{end}", json!({ "message": format!("{text}x") }));
        second.send_bytes(line.into_bytes()).await?;
        if end.is_empty() {
            let refusal = error("line too long");
            second.expect_because(&refusal, &causes::LONG_LINE_NOT_REFUSED).await?;
            second.expect_end().await?;
        } else {
            expect_refusal_or_end(&server, &second).await?;
        }
        first.expect_because(&left(&bob), &causes::REFUSED_LINE_NO_LEAVE).await?;
    }
    Ok(())
}

/// Expects the error `line too long` and the end, or the end alone: the newline came after the byte too many. A program
/// that has not read it may close with RST, by which the error is lost.
async fn expect_refusal_or_end(server: &Rc<Server>, client: &ChatClient) -> Result<(), CheckError> {
    /// In bytes.
    const MAX_SHOWN: usize = 100;
    let received = client.ending().await?.words;
    let event = received.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok());
    if received.is_empty() || event.is_some_and(|event| has(&event, &error("line too long"))) {
        return Ok(());
    }
    let shown = quoted(&received[..received.len().min(MAX_SHOWN)]);
    let failure = Failure::property(format!("it got {shown}"))
        .expecting("bob gets the error `line too long`, and the end");
    Err(server.fail(failure.because(causes::LONG_LINE_NOT_REFUSED)).await)
}
