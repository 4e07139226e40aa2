//! A server of lines: the protocol of labs 04, 05 and 06.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::clock;
use super::{Answer, Exchange, MORE_THAN_FITS, Request, growth};
use crate::capture::{size, time};
use crate::client::{Mismatch, Payload};
use crate::outcome::Stop;
use crate::probe::Wires;
use crate::server::{Client, Server, Start};
use crate::trial::Trial;

/// The most bytes of a line, its ending not counted.
pub const LONGEST_LINE: usize = 8192;

/// A line is answered with `ECHO: ` and the line.
#[derive(Debug)]
pub struct LineEcho;

impl Exchange for LineEcho {
    fn request(&self, trial: &Trial) -> Request {
        let Payload::Bytes(line) = trial.line() else { unreachable!("a line is bytes") };
        let answer = [b"ECHO: ", line.as_slice()].concat();
        Request { sends: line.into(), answer: Answer::Bytes(answer.into()) }
    }

    fn flood(&self, trial: &Trial, length: u64) -> Payload {
        let mut line = trial.letters(LONGEST_LINE);
        line.push(b'\n');
        Payload::Repeated { unit: line.into(), length }
    }

    fn explain(&self, mismatch: &Mismatch) -> String {
        if mismatch.rest.starts_with(b"ERR ") {
            "an error is answered where the line was in order, or its time was not over".to_owned()
        } else if mismatch.is_lossy() {
            "the answer has the bytes EF BF BD, U+FFFD in UTF-8, where other bytes were sent: a piece of \
             input was taken for text before the line was whole"
                .to_owned()
        } else {
            "lines are lost, doubled, cut or out of order. What one read returns may end in the middle of \
             a line, or hold several: take whole lines out of what was collected, and keep the rest"
                .to_owned()
        }
    }
}

/// Lines are found however they are cut, and their endings are none of their text.
pub async fn echo_lines(trial: &Trial, start: &Start) -> Result<(), Stop> {
    let server = trial.start(start).await?;
    let word = || trial.word_text();
    trial.step("connect client A, send three lines in one piece, expect three answers");
    let client = server.connect("client A").await?;
    let [first, second, third] = [word(), word(), word()];
    client
        .say(
            &format!("{first}\n{second}\n{third}\n"),
            &format!("ECHO: {first}\nECHO: {second}\nECHO: {third}\n"),
        )
        .await?;
    trial
        .step("a line that ends in \\r\\n, an empty one, and one with characters of several bytes");
    client.say(&format!("{first}\r\n"), &format!("ECHO: {first}\n")).await?;
    client.say("\n", "ECHO: \n").await?;
    client.say(&format!("{second} äß → 🦀\n"), &format!("ECHO: {second} äß → 🦀\n")).await?;
    trial.step("a line of which each byte is sent by itself");
    let line = format!("{third} é 🦀\n");
    for byte in line.as_bytes() {
        client.send(&vec![*byte].into()).await?;
        // The program gets to see it alone, most often; whether it does, the verdict is the same.
        tokio::task::yield_now().await;
    }
    client.hear(&format!("ECHO: {line}")).await?;
    trial.step("SLEEP: `SLEEP 30 text`, with an empty text, and in forms that are none");
    let start = Instant::now();
    client.say(&format!("SLEEP 30 {first}\n"), &format!("ECHO: {first}\n")).await?;
    if clock::is_early(start.elapsed(), Duration::from_millis(30)) {
        let observed = format!("the answer came after {}", time(start.elapsed()));
        let cause = "SLEEP 30 is answered after 30 milliseconds";
        let expected = "the answer comes after the time that the line says";
        return Err(server.process.fail(&[expected], vec![observed], cause).await);
    }
    client.say("SLEEP 1 \nSLEEP 1  x\n", "ECHO: \nECHO:  x\n").await?;
    for bad in ["SLEEP ", "SLEEP 5", "SLEEP x y", "SLEEP 123456 y", "SLEEP 60001 y", "SLEEP  5 y"] {
        client.say(&format!("{bad}\n"), "ERR bad sleep\n").await?;
    }
    client.say("SLEEPY\n", "ECHO: SLEEPY\n").await?;
    client.finish().await?;
    trial.step("connect client B, send a line and a rest without newline, shut down (FIN)");
    let client = server.connect("client B").await?;
    client.send(&format!("{first}\n{second}\r").into_bytes().into()).await?;
    client.connection.half_close();
    client.hear(&format!("ECHO: {first}\nECHO: {second}\r\n")).await?;
    client.expect_end().await?;
    trial.step(
        "connect client C, send a line, and one that is not UTF-8, expect the answers and the end",
    );
    let client = server.connect("client C").await?;
    client.send(&[first.as_bytes(), b"\n\xff\xfe\n"].concat().into()).await?;
    client.hear(&format!("ECHO: {first}\nERR not utf-8\n")).await?;
    client.expect_close().await
}

/// A line of 8,192 bytes is answered, a longer one refused as soon as it is there.
pub async fn long_line(trial: &Trial, start: &Start) -> Result<(), Stop> {
    const GROWTH: u64 = 16 * 1024 * 1024;
    let server = trial.start(start).await?;
    trial.step("connect client A, send lines of 8,192 bytes, ending in \\n and in \\r\\n");
    let client = server.connect("client A").await?;
    for ending in ["\n", "\r\n"] {
        let line = trial.text(LONGEST_LINE);
        client.say(&format!("{line}{ending}"), &format!("ECHO: {line}\n")).await?;
    }
    trial.step(
        "it sends a short line and 8,193 bytes without a newline: both are answered, then the end",
    );
    let line = trial.text(20);
    client.send(&format!("{line}\n{}", trial.text(LONGEST_LINE + 1)).into_bytes().into()).await?;
    client.hear(&format!("ECHO: {line}\nERR line too long\n")).await?;
    client.expect_close().await?;
    trial.step("a line of 8,193 bytes with its newline is refused, too");
    let client = server.connect("client B").await?;
    client.send(&format!("{}\n", trial.text(LONGEST_LINE + 1)).into_bytes().into()).await?;
    client.hear("ERR line too long\n").await?;
    client.expect_close().await?;
    trial.step("connect client C, exchange a line; then it sends 64 MiB without a newline");
    let client = server.serve_new_client("client C").await?;
    let before = server.probe().memory();
    let endless =
        Payload::Repeated { unit: trial.letters(LONGEST_LINE).into(), length: MORE_THAN_FITS };
    // It breaks when the program closes, which it should long before all is sent.
    let _ = client.connection.send_until_stalled(&endless).await;
    let grown = growth(&before, &server.probe().memory()).into_values().max().unwrap_or(0);
    if grown >= GROWTH {
        let expected = format!("the program's memory grows by less than {}", size(GROWTH));
        let observed = format!("it grew by {} (RssAnon)", size(grown));
        let cause = "a line without an end is collected as long as it goes on (read_line, read_until and \
                     lines() do that): refuse it as soon as there is more than 8,192 bytes";
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
    trial.step("connect client D, which must be served");
    server.go_on_to_serve("client D").await?.finish().await
}

/// Waits until nothing that `client` sent lies unread, and the program has had time to look at it.
pub async fn expect_read(server: &Rc<Server>, client: &Client) -> Result<(), Stop> {
    expect_taken(server, std::slice::from_ref(client)).await?;
    // It was taken out of the socket; a fence (rule R4): what comes later is answered.
    server.serve_new_client("another client").await?.finish().await
}

/// Waits until nothing that `clients` sent lies unread.
pub async fn expect_taken(server: &Rc<Server>, clients: &[Client]) -> Result<(), Stop> {
    let taken = || {
        let wires = Wires::of(server.address);
        let is_taken = |client: &Client| {
            let far_end = wires.far_end(client.connection.ports);
            far_end.is_some_and(|entry| entry.inode != 0 && entry.rx_queue == 0)
        };
        Ok(clients.iter().all(is_taken).then_some(()))
    };
    if server.process.until(taken).await?.is_none() {
        let wires = Wires::of(server.address);
        let is_open = |client: &Client| wires.far_end(client.connection.ports).is_some();
        let (observed, cause) = if clients.iter().all(is_open) {
            (
                "it lies unread in the client's socket",
                "the task of this client waits for something else",
            )
        } else {
            ("the program has closed the connection", "a client is served until it goes")
        };
        return Err(server
            .process
            .fail(&["the line is read"], vec![observed.to_owned()], cause)
            .await);
    }
    Ok(())
}
