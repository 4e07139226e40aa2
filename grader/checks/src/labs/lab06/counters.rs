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

/// 20 clients that send 30 lines each give 20 connections and 600 requests.
pub(super) async fn counts_exact(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 20;
    const LINES: usize = 30;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(format!(
        "{CLIENTS} clients each send {LINES} lines, one of which is a bad SLEEP, get their answers \
         and leave"
    ));
    // One after another: a different check has many clients send at the same time.
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
    trial.step("get the metrics page until it shows these clients and lines");
    let expected = [(CONNECTIONS, CLIENTS as u64), (REQUESTS, (CLIENTS * LINES) as u64)];
    let cause = &causes::COUNTS_OTHER_EVENTS;
    expect_to_stay(&server, "after all clients have left", &expected, cause).await
}

/// The bytes that the program has received and sent so far.
#[derive(Clone, Copy, Default)]
struct ByteCount {
    received: u64,
    sent: u64,
}

impl ByteCount {
    /// Adds `request`, which the program received, and `answer`, which it sent.
    fn add(&mut self, request: impl AsRef<[u8]>, answer: &str) {
        self.received += request.as_ref().len() as u64;
        self.sent += answer.len() as u64;
    }

    /// The numbers that the page must show.
    fn expected(self) -> [(Number, u64); 2] {
        [(RECEIVED, self.received), (SENT, self.sent)]
    }
}

/// The byte counters count every byte read and every byte written.
pub(super) async fn bytes_exact(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let mut bytes = ByteCount::default();
    trial.step(
        "client A sends lines that end in \\n or \\r\\n, some with multi-byte characters, and a bad SLEEP",
    );
    let word = trial.word_text();
    send_many_lines(&server, &word, &mut bytes).await?;
    let cause = Some(&causes::COUNTS_LINES_NOT_BYTES);
    expect_numbers(&server, "after client A has left", &bytes.expected(), cause).await?;

    trial.step("client B sends a line and an unterminated last line, and half-closes (FIN)");
    send_unterminated_line(&server, &word, &mut bytes).await?;
    expect_numbers(&server, "after client B has left", &bytes.expected(), cause).await?;

    trial.step(
        "client C sends a line that is not UTF-8, client D sends 8,193 bytes; both are refused",
    );
    let too_long = trial.letters(MAX_LINE + 1);
    for (name, line, answer) in [
        ("client C", b"\xff\xfe\n".as_slice(), "ERR not utf-8\n"),
        ("client D", &too_long, "ERR line too long\n"),
    ] {
        let client = server.connect(name).await?;
        send(&client, line).await?;
        client.hear(answer).await?;
        client.ending().await?;
        bytes.add(line, answer);
    }
    expect_numbers(&server, "after two refused lines", &bytes.expected(), cause).await?;

    trial.step("client E sends SLEEP 800 and resets its connection (RST) before the answer");
    reset_before_answer(&server, &word, &mut bytes).await?;
    let cause = Some(&causes::COUNTED_BEFORE_WRITTEN);
    let when = "after an answer that could not be sent";
    expect_numbers(&server, when, &bytes.expected(), cause).await
}

/// Client A sends lines with different endings and gets its answers.
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

/// Client B half-closes after an unterminated last line and still gets its answers.
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

/// Client E resets its connection before its answer is due, so that the program cannot write the answer.
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
    // The program has read the line. An exchange with client F is the fence (rule R4); its bytes are known.
    let (fence, answer) = (format!("{word}\n"), format!("ECHO: {word}\n"));
    other.say(&fence, &answer).await?;
    bytes.add(fence, &answer);
    client.reset();
    if asked.elapsed() + expect::EARLY > SLEEP {
        return Err(CheckError::busy("the answer may have been sent before the reset"));
    }
    other.finish().await?;
    server.until_clients_are_gone().await?;
    bytes.add(request, "");
    Ok(())
}

/// Each kind of error is on the page from the start, with 0, and each error is counted once.
pub(super) async fn errors_by_kind(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    trial.step("get the metrics page before any client connects");
    let zero = KINDS.map(|kind| (Number::errors(kind), 0));
    let cause = Some(&causes::KIND_MISSING_AT_START);
    expect_numbers(&server, "before any client connects", &zero, cause).await?;
    let word = trial.word_text();
    trial.step("clients send 1 line of 8,193 bytes and 2 lines that are not UTF-8");
    let too_long = trial.letters(MAX_LINE + 1);
    for line in [too_long.as_slice(), b"\xc3\n", b"\xff\n"] {
        send_until_closed(&server, line).await?;
    }
    trial.step("a client sends 3 bad SLEEPs");
    let client = server.connect("the client").await?;
    client.say("SLEEP x y\nSLEEP 60001 z\nSLEEP \n", &"ERR bad sleep\n".repeat(3)).await?;
    client.finish().await?;
    trial.step("4 clients reset their connections (RST): 2 while idle, 2 during a SLEEP");
    for _ in 0..2 {
        server.serve_new_client("the client").await?.reset();
        abandon_request(&server, &word).await?;
    }
    trial.step("5 clients send PANIC");
    for _ in 0..5 {
        send_until_closed(&server, b"PANIC\n").await?;
    }
    trial.step("all clients have left; get the page until it shows all these errors");
    server.until_clients_are_gone().await?;
    let expected: Vec<_> =
        KINDS.iter().zip(1..).map(|(kind, number)| (Number::errors(kind), number)).collect();
    expect_to_stay(&server, "after all errors", &expected, &causes::ERROR_NOT_COUNTED_ONCE).await
}

/// 64 clients send 200 lines each at the same time: every line is counted, in every round.
pub(super) async fn no_lost_updates(trial: &Trial) -> Result<(), CheckError> {
    if std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1) {
        let reason = "on one CPU, hardly any updates are lost: this check needs two CPUs";
        return Err(CheckError::Inconclusive(reason.to_owned()));
    }
    let server = trial.start(&Start::PLAIN).await?;
    trial.step("connect 64 clients; one sends a line; note how many bytes the page counts for it");
    let clients = server.connect_many(burst::CLIENTS).await?;
    let word = trial.word_text();
    let cause = Some(&causes::NOT_COUNTED_ONCE);
    let lines = |number: usize| [(CONNECTIONS, clients.len() as u64), (REQUESTS, number as u64)];
    expect_numbers(&server, "with 64 clients connected", &lines(clients.len()), cause).await?;
    let before = bytes_on(&get_idle_page(&server).await?);
    clients[0].say(&format!("{word}\n"), &format!("ECHO: {word}\n")).await?;
    let answered = clients.len() + 1;
    expect_numbers(&server, "after one more line", &lines(answered), cause).await?;
    let after = bytes_on(&get_idle_page(&server).await?);
    burst::run(trial, &server, &clients, &word).await?;
    let (when, cause) = ("after all rounds", Some(&causes::LOST_UPDATES));
    expect_numbers(&server, when, &lines(answered + burst::REQUESTS), cause).await?;
    // Whatever the program counts as the bytes of one line, it must count for each line.
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
