//! Task 1: counters of connections, requests, bytes and errors.

use std::rc::Rc;
use std::time::{Duration, Instant};

use engine::drive::{Client, Server, Start, Trial};
use engine::verdict::CheckError;
use exposition::Exposition;

use super::clients::{abandon_request, send, send_until_closed};
use super::numbers::{CONNECTIONS, KINDS, Number, RECEIVED, REQUESTS, SENT};
use super::page::{expect_numbers, expect_to_stay, get_idle_page};
use super::{burst, causes};
use crate::expect;
use crate::scenarios::lines::{MAX_LINE, expect_taken};

/// 20 clients with 30 lines each are 20 connections and 600 requests.
pub(super) async fn counts_exact(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 20;
    const LINES: usize = 30;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(format!(
        "{CLIENTS} clients send {LINES} lines each, one of them a bad SLEEP, are answered, and leave"
    ));
    // One after the other: what many at once do to a counter is for another check.
    for index in 0..CLIENTS {
        let client = server.connect(&format!("client {}", index + 1)).await?;
        for line in 0..LINES {
            if line == index {
                client.say("SLEEP soon\n", "ERR bad sleep\n").await?;
            } else {
                client.ask().await?;
            }
        }
        client.finish().await?;
    }
    server.until_clients_are_gone().await?;
    trial.step("get the page of metrics, until it shows that");
    let expected = [(CONNECTIONS, CLIENTS as u64), (REQUESTS, (CLIENTS * LINES) as u64)];
    let cause = &causes::COUNTS_OTHER_EVENTS;
    expect_to_stay(&server, "with all clients gone", &expected, cause).await
}

/// Bytes that clients have sent and received so far.
#[derive(Clone, Copy, Default)]
struct ByteCount {
    /// By the program.
    received: u64,
    sent: u64,
}

impl ByteCount {
    /// Counts `request`, which the program has received, and `answer`, which it has sent.
    fn add(&mut self, request: impl AsRef<[u8]>, answer: &str) {
        self.received += request.as_ref().len() as u64;
        self.sent += answer.len() as u64;
    }

    /// The numbers that the page must show.
    fn expected(self) -> [(Number, u64); 2] {
        [(RECEIVED, self.received), (SENT, self.sent)]
    }
}

/// Received bytes are all that were read, sent bytes all that were written.
pub(super) async fn bytes_exact(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let mut bytes = ByteCount::default();
    trial.step("a client sends lines that end in \\n and \\r\\n, with characters of several bytes, and a bad SLEEP");
    let word = trial.word_text();
    send_many_lines(&server, &word, &mut bytes).await?;
    let cause = Some(&causes::COUNTS_LINES_NOT_BYTES);
    expect_numbers(&server, "with client A gone", &bytes.expected(), cause).await?;

    trial.step("another sends a line and a rest without newline, and shuts down (FIN)");
    send_unterminated_line(&server, &word, &mut bytes).await?;
    expect_numbers(&server, "with client B gone", &bytes.expected(), cause).await?;

    trial.step("a third sends a line that is not UTF-8, a fourth 8,193 bytes: both are refused");
    let too_long = trial.letters(MAX_LINE + 1);
    for (line, answer) in
        [(b"\xff\xfe\n".as_slice(), "ERR not utf-8\n"), (&too_long, "ERR line too long\n")]
    {
        let client = server.connect("the client").await?;
        send(&client, line).await?;
        client.hear(answer).await?;
        client.ending().await?;
        bytes.add(line, answer);
    }
    expect_numbers(&server, "after two refused lines", &bytes.expected(), cause).await?;

    trial.step("a fifth asks for SLEEP 800, and resets the connection (RST) before the answer");
    reset_before_answer(&server, &word, &mut bytes).await?;
    let cause = Some(&causes::COUNTED_BEFORE_WRITTEN);
    let when = "after an answer that nobody could be given";
    expect_numbers(&server, when, &bytes.expected(), cause).await
}

/// Client A sends lines with different endings, and is answered.
async fn send_many_lines(
    server: &Rc<Server>,
    word: &str,
    bytes: &mut ByteCount,
) -> Result<(), CheckError> {
    let request = format!("{word}\n{word} äß → 🦀\r\n\nSLEEP never\n");
    let answer = format!("ECHO: {word}\nECHO: {word} äß → 🦀\nECHO: \nERR bad sleep\n");
    let client = server.connect("client A").await?;
    client.say(&request, &answer).await?;
    client.finish().await?;
    bytes.add(request, &answer);
    Ok(())
}

/// Client B half-closes after a last line without a newline, and is answered.
async fn send_unterminated_line(
    server: &Rc<Server>,
    word: &str,
    bytes: &mut ByteCount,
) -> Result<(), CheckError> {
    let request = format!("{word}\r\nrest of {word}");
    let answer = format!("ECHO: {word}\nECHO: rest of {word}\n");
    let client = server.connect("client B").await?;
    send(&client, request.as_str()).await?;
    client.connection.half_close();
    client.hear(&answer).await?;
    client.expect_end().await?;
    bytes.add(request, &answer);
    Ok(())
}

/// Client E resets its connection before its answer is due, which then cannot be written.
async fn reset_before_answer(
    server: &Rc<Server>,
    word: &str,
    bytes: &mut ByteCount,
) -> Result<(), CheckError> {
    const SLEEP: Duration = Duration::from_millis(800);
    let request = format!("SLEEP {} {word}\n", SLEEP.as_millis());
    let client = server.connect("client E").await?;
    let other = server.connect("client F").await?;
    let asked = Instant::now();
    send(&client, request.as_str()).await?;
    expect_taken(server, std::slice::from_ref(&client)).await?;
    // The program has read it. Now a fence (rule R4), whose number of bytes is known.
    let (fence, answer) = (format!("{word}\n"), format!("ECHO: {word}\n"));
    other.say(&fence, &answer).await?;
    bytes.add(fence, &answer);
    client.reset();
    if asked.elapsed() + expect::EARLY > SLEEP {
        let reason = "the machine is busy: the answer may have come before the reset";
        return Err(CheckError::Inconclusive(reason.to_owned()));
    }
    other.finish().await?;
    server.until_clients_are_gone().await?;
    bytes.add(request, "");
    Ok(())
}

/// Each kind of error is there with 0 from the start, and counts what happens.
pub(super) async fn errors_by_kind(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    trial.step("get the page of metrics before any client");
    let zero = KINDS.map(|kind| (Number::errors(kind), 0));
    let cause = Some(&causes::KIND_MISSING_AT_START);
    expect_numbers(&server, "before any client", &zero, cause).await?;
    let word = trial.word_text();
    trial.step("1 line of 8,193 bytes, 2 lines that are not UTF-8");
    let too_long = trial.letters(MAX_LINE + 1);
    for line in [too_long.as_slice(), b"\xc3\n", b"\xff\n"] {
        send_until_closed(&server, line).await?;
    }
    trial.step("3 bad SLEEPs of one client");
    let client = server.connect("the client").await?;
    client.say("SLEEP x y\nSLEEP 60001 z\nSLEEP \n", &"ERR bad sleep\n".repeat(3)).await?;
    client.finish().await?;
    trial.step("4 connections are reset (RST): 2 of them idle, 2 while they wait for a SLEEP");
    for _ in 0..2 {
        server.serve_new_client("the client").await?.reset();
        abandon_request(&server, &word).await?;
    }
    trial.step("5 clients send PANIC");
    for _ in 0..5 {
        send_until_closed(&server, b"PANIC\n").await?;
    }
    trial.step("all are gone; get the page, until it shows that");
    server.until_clients_are_gone().await?;
    let expected: Vec<_> =
        KINDS.iter().zip(1..).map(|(kind, number)| (Number::errors(kind), number)).collect();
    expect_to_stay(&server, "afterwards", &expected, &causes::ERROR_NOT_COUNTED_ONCE).await
}

/// 64 clients with 200 lines each at once: each line is counted, every time.
pub(super) async fn no_lost_updates(trial: &Trial) -> Result<(), CheckError> {
    if std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1) {
        let reason = "on one CPU no update can be lost for certain: two are needed";
        return Err(CheckError::Inconclusive(reason.to_owned()));
    }
    let server = trial.start(&Start::PLAIN).await?;
    let clients = server.connect_many(burst::CLIENTS).await?;
    trial.step("one of them sends a line alone: how many bytes is that?");
    let word = trial.word_text();
    let cause = Some(&causes::NOT_COUNTED_ONCE);
    let lines = |number: usize| [(CONNECTIONS, clients.len() as u64), (REQUESTS, number as u64)];
    expect_numbers(&server, "with 64 clients", &lines(clients.len()), cause).await?;
    let before = bytes_on(&get_idle_page(&server).await?);
    clients[0].say(&format!("{word}\n"), &format!("ECHO: {word}\n")).await?;
    let answered = clients.len() + 1;
    expect_numbers(&server, "with a line more", &lines(answered), cause).await?;
    let after = bytes_on(&get_idle_page(&server).await?);
    burst::run(trial, &server, &clients, &word).await?;
    let (when, cause) = ("after all rounds", Some(&causes::LOST_UPDATES));
    expect_numbers(&server, when, &lines(answered + burst::REQUESTS), cause).await?;
    // Whatever the program counts as the bytes of a line: so many times that.
    let grown = |index: usize| {
        let line = after[index].saturating_sub(before[index]);
        after[index] + line * burst::REQUESTS as u64
    };
    let expected = [(RECEIVED, grown(0)), (SENT, grown(1))];
    expect_numbers(&server, when, &expected, cause).await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// The bytes received and sent, as `page` shows them.
fn bytes_on(page: &Exposition) -> [u64; 2] {
    [RECEIVED, SENT].map(|number| number.on(page).unwrap_or(0.0) as u64)
}
