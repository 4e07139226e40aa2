//! Task 1: lines that are not commands, and lines that are too long.

use std::rc::Rc;

use course::text::quoted;
use engine::drive::{BufferSize, Server, Start, Trial};
use engine::verdict::{CheckError, Failure};
use serde_json::json;

use super::causes;
use super::client::ChatClient;
use super::protocol::{MAX_LINE, error, has, join, joined, left, message, named, welcome};
use crate::json::parse_json;

/// A line that is not a command for a client that has joined.
struct BadLine {
    bytes: &'static [u8],
    /// Whether it is not a command before the join, either. Some programs accept a message of a wrong type as a message
    /// and answer `join first`.
    before_join: bool,
}

const BAD_LINES: [BadLine; 17] = [
    BadLine { bytes: b"{", before_join: true },
    BadLine { bytes: b"hello", before_join: true },
    BadLine { bytes: b"[]", before_join: true },
    BadLine { bytes: b"5", before_join: true },
    BadLine { bytes: b"\"text\"", before_join: true },
    BadLine { bytes: b"null", before_join: true },
    BadLine { bytes: b"{}", before_join: true },
    BadLine { bytes: b"{\"message\":5}", before_join: false },
    BadLine { bytes: b"{\"message\":null}", before_join: false },
    BadLine { bytes: b"{\"message\":[\"x\"]}", before_join: false },
    BadLine { bytes: b"{\"hello\":\"world\"}", before_join: true },
    BadLine { bytes: b"{\"who\":\"me\"}", before_join: false },
    BadLine { bytes: b"{\"user_id\":5,\"room_id\":\"room\"}", before_join: true },
    BadLine { bytes: b"{\"user_id\":\"zoe\",\"room_id\":[\"room\"]}", before_join: true },
    BadLine { bytes: b"{\"message\":\"x\"", before_join: false },
    BadLine { bytes: b"{\"message\":\"\xff\xfe\"}", before_join: false },
    BadLine { bytes: b"\xc3(", before_join: true },
];

pub(super) async fn bad_json(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let (room, ana, bob) = (named(trial, "room"), named(trial, "ana"), named(trial, "bob"));
    let first = ChatClient::join(&server, &ana, &room, &[&ana]).await?;
    trial.step(
        "before it joins, a client sends lines that are not commands, and gets `bad json` for each",
    );
    let second = ChatClient::connect(&server, &bob, BufferSize::Default).await?;
    for line in BAD_LINES.iter().filter(|line| line.before_join) {
        expect_bad_json(&second, line.bytes).await?;
    }
    second.send(&join(&bob, &room)).await?;
    let welcome = welcome(&room, &[&ana, &bob]);
    second.expect_because(&welcome, &causes::BAD_JSON_NOT_ANSWERED).await?;
    trial.step(
        "after it has joined, it sends such lines and a second join, and gets `bad json` again",
    );
    for line in &BAD_LINES {
        expect_bad_json(&second, line.bytes).await?;
    }
    second.send(&join(&named(trial, "cleo"), &room)).await?;
    second.expect_because(&error("bad json"), &causes::BAD_JSON_NOT_ANSWERED).await?;
    trial.step("it sends a message; the other client gets only `joined` and this message");
    let word = trial.word_text();
    second.say(&word).await?;
    first.expect_because(&joined(&bob), &causes::STRAY_EVENT).await?;
    first.expect_because(&message(&bob, &word), &causes::STRAY_EVENT).await
}

/// Sends `line`, which is not a command, and expects it to be refused.
async fn expect_bad_json(client: &ChatClient, line: &[u8]) -> Result<(), CheckError> {
    client.send_bytes([line, b"\n"].concat()).await?;
    let answered = client.expect_because(&error("bad json"), &causes::BAD_JSON_NOT_ANSWERED).await;
    answered.map_err(|error| error.observing(format!("the client had sent {}", quoted(line))))
}

pub(super) async fn line_too_long(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let (room, ana, zoe) = (named(trial, "room"), named(trial, "ana"), named(trial, "zoe"));
    let clients = ChatClient::join_in_turn(&server, &[ana.clone(), zoe.clone()], &room).await?;
    let first = &clients[0];
    let around = json!({ "message": "" }).to_string().len();
    let text = trial.text(MAX_LINE - around);
    trial.step("zoe sends a line of 4,096 bytes, and ana gets the message");
    clients[1].say(&text).await?;
    first.expect_because(&message(&zoe, &text), &causes::WRONG_LINE_LIMIT).await?;
    for (what, end) in [("with a newline", "\n"), ("without a newline", "")] {
        let bob = named(trial, "bob");
        trial.step(format!(
            "bob joins, sends a line of 4,097 bytes {what}, gets an error and is then disconnected"
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

/// Expects the error `line too long` and the end, or the end alone: a program that has not read the newline may close
/// with RST, so that the error is lost.
async fn expect_refusal_or_end(server: &Rc<Server>, client: &ChatClient) -> Result<(), CheckError> {
    /// In bytes.
    const MAX_SHOWN: usize = 100;
    let received = client.ending().await?.words;
    let event = received.strip_suffix(b"\n").and_then(|line| parse_json(line).ok());
    if received.is_empty() || event.is_some_and(|event| has(&event, &error("line too long"))) {
        return Ok(());
    }
    let shown = quoted(&received[..received.len().min(MAX_SHOWN)]);
    let failure = Failure::property(format!("bob got {shown}"))
        .expecting("bob gets the error `line too long` and is then disconnected");
    Err(server.fail(failure.because(causes::LONG_LINE_NOT_REFUSED)).await)
}
