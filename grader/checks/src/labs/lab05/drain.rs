//! Task 3: requests in flight are answered, and idle clients are disconnected.

use std::time::{Duration, Instant};

use course::text::{quoted, time};
use engine::drive::{BufferSize, Client, Ending, Payload, STALL, Server, Trial, try_join_all};
use engine::verdict::{CheckError, Failure};
use futures_util::future::join_all;
use observe::ConnectionTable;
use rustix::process::Signal;

use super::causes;
use super::exit::{PROMPT, ShutdownEnd, expect_exit, expect_prompt};
use super::grace::expect_idle_drain;
use super::request::begin_sleep;
use super::signal::send_signal;
use super::start::PATIENT;
use crate::expect;
use crate::scenarios::lines::{Flood, MAX_LINE};

/// Requests in flight are answered, and each answer arrives, whether or not more input stays unread.
pub(super) async fn in_flight_completes(trial: &Trial) -> Result<(), CheckError> {
    const SLEEP: Duration = Duration::from_millis(1500);
    /// Whether a server reads the next line in time may be random: of this many lines, at least one stays unread.
    const EAGER: usize = 12;
    let server = trial.start(&PATIENT).await?;
    trial.step(format!(
        "client A and {EAGER} others send SLEEP 1500; once these requests are in flight, send SIGTERM"
    ));
    let begun = Instant::now();
    let (first, first_answer) = begin_sleep(&server, "client A", SLEEP).await?;
    let others = (0..EAGER).map(|index| {
        let server = &server;
        async move { begin_sleep(server, &format!("client B{}", index + 1), SLEEP).await }
    });
    let others = try_join_all(others).await?;
    send_signal(&server, Signal::TERM)?;
    trial.step(format!(
        "each of the {EAGER} sends another line, which may still be unread when its answer is sent"
    ));
    let word = trial.word_text();
    for (client, _) in &others {
        client.send(&format!("{word}\n").into_bytes().into()).await?;
    }
    if begun.elapsed() > Duration::from_millis(1200) {
        // A client may already have its answer and be idle.
        let elapsed = time(begun.elapsed());
        return Err(CheckError::busy(format!("sending these lines took {elapsed}")));
    }
    trial.step("client A must get its answer, then EOF (FIN)");
    first.hear(&first_answer).await?;
    expect_not_interrupted(&server, begun, SLEEP)?;
    first.expect_close().await?;
    trial.step(format!(
        "each of the {EAGER} must get its answer (and may get one to its other line), then EOF rather than a reset (RST)"
    ));
    for (client, answer) in &others {
        client.hear(answer).await?;
        expect_clean_end(&server, client, &format!("ECHO: {word}\n")).await?;
    }
    expect_exit(&server, ShutdownEnd::Drained, "the last answer").await
}

/// An answer is sent once the kernel has all of it: clients that read late get whole answers.
pub(super) async fn unread_answers(trial: &Trial) -> Result<(), CheckError> {
    /// When its buffer fills up, the kernel takes part of an answer or none of it, depending on the lengths.
    const CLIENTS: usize = 8;
    const SHORTER: usize = 777;
    /// Several times what fits into small buffers.
    const LINES: u64 = 600;
    const SLOW_READS: usize = 6;
    /// In bytes.
    const SLOW_READ: u64 = 12 * 1024;
    const PAUSE: Duration = Duration::from_millis(200);
    let server = trial.start(&PATIENT).await?;
    trial.step(format!(
        "{CLIENTS} clients send long lines, one after another, and read no answers, until the program stops reading"
    ));
    let clients = (0..CLIENTS).map(|index| {
        let flood = Flood::of_length(trial, LINES, MAX_LINE - index * SHORTER);
        let server = &server;
        async move {
            let name = format!("client {}", index + 1);
            let client = server.connect_with(&name, BufferSize::Small).await?;
            send_what_is_read(server, &client, &flood.sends, LINES).await?;
            Ok((client, flood.answers.len() / LINES))
        }
    });
    let clients = try_join_all(clients).await?;
    trial.step("send SIGTERM; the clients read slowly at first, then fast; each must get whole answers, then EOF");
    send_signal(&server, Signal::TERM)?;
    for _ in 0..SLOW_READS {
        // A program that ends too early does so in one of these pauses, with an answer half sent.
        if server.process.end_within(PAUSE).await.is_some() {
            break;
        }
        // If the program has ended by now, the reads end, too.
        join_all(clients.iter().map(|(client, _)| client.connection.drain(SLOW_READ))).await;
    }
    for (client, answer) in &clients {
        client.ending().await?;
        let received = client.connection.received();
        expect::that_was(&server, received % answer == 0, || {
            Failure::property(format!(
                "{} whole answers arrived, then {} of the {answer} bytes of another",
                received / answer,
                received % answer
            ))
            .expecting("each client gets whole answers, then EOF")
            .because(causes::UNSENT_ANSWERS_DROPPED)
        })?;
    }
    expect_exit(&server, ShutdownEnd::Drained, "the last answer").await
}

/// Sends `lines` lines, each once the program has read the previous one, until the program stops reading for a moment.
/// Too little is unread then to make a difference.
async fn send_what_is_read(
    server: &Server,
    client: &Client,
    sends: &Payload,
    lines: u64,
) -> Result<(), CheckError> {
    let length = sends.len() / lines;
    for index in 0..lines {
        let line = sends.at(index * length)[..length as usize].to_vec();
        client.send(&line.into()).await?;
        let is_read =
            || ConnectionTable::of(server.address()).is_fully_read(client.connection.ports);
        let begun = Instant::now();
        while !is_read() {
            if begun.elapsed() > STALL {
                // On a busy machine it may still be about to read.
                server.process.wait_until_idle(STALL).await;
                if !is_read() {
                    return Ok(());
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    Ok(())
}

/// Expects that a SLEEP of `asked`, sent after `begun`, was not answered too early.
fn expect_not_interrupted(
    server: &Server,
    begun: Instant,
    asked: Duration,
) -> Result<(), CheckError> {
    let elapsed = begun.elapsed();
    if !expect::is_early(elapsed, asked) {
        return Ok(());
    }
    let (millis, asked) = (asked.as_millis(), time(asked));
    let observed = format!("client A got its answer after {}", time(elapsed));
    let failure = Failure::property(observed)
        .expecting(format!("a request in flight continues: SLEEP {millis} takes {asked}"))
        .because(causes::SIGNAL_INTERRUPTS_REQUEST);
    Err(server.process.fail_in_retrospect(failure))
}

/// Expects that `client`, which has its answer, gets the end of the stream, and at most `another` answer before it.
async fn expect_clean_end(
    server: &Server,
    client: &Client,
    another: &str,
) -> Result<(), CheckError> {
    let Ending { words, reset } = client.ending().await?;
    if reset {
        let observed = if words.is_empty() {
            "a reset (RST) followed the answer".to_owned()
        } else {
            format!("{} followed the answer, then a reset (RST)", quoted(&words))
        };
        let failure = Failure::property(observed)
            .expecting("after its answer, each client gets the end of the stream (FIN)")
            .because(causes::RESET_AFTER_ANSWER);
        return Err(server.process.fail_in_retrospect(failure));
    }
    if !words.is_empty() && words != another.as_bytes() {
        let failure = Failure::property(format!("one client got {}", quoted(&words)))
            .expecting("a later line gets a whole answer or none");
        return Err(server.fail(failure).await);
    }
    Ok(())
}

pub(super) async fn idle_closed(trial: &Trial) -> Result<(), CheckError> {
    const SLEEP: Duration = Duration::from_millis(3000);
    let server = trial.start(&PATIENT).await?;
    trial.step(
        "client A sends SLEEP 3000; client B already has an answer, C has sent nothing, and D has sent part of a line",
    );
    let answered = server.serve_new_client("client B").await?;
    let silent = server.connect("client C").await?;
    let unfinished = server.connect("client D").await?;
    unfinished.send(&trial.word().into()).await?;
    let begun = Instant::now();
    let (client, answer) = begin_sleep(&server, "client A", SLEEP).await?;
    trial.step("send SIGTERM; clients B, C and D must be disconnected while client A's request is in flight");
    send_signal(&server, Signal::TERM)?;
    let signalled = Instant::now();
    let ends = [&answered, &silent, &unfinished].map(|idle| async move {
        let ending = idle.ending().await?;
        Ok((ending, signalled.elapsed()))
    });
    let (ends, samples): (Vec<_>, Vec<_>) = try_join_all(ends).await?.into_iter().unzip();
    expect_silent_ends(&server, &ends)?;
    // Another check judges an answer that is too early.
    if client.connection.unread() > 0 && !expect::is_early(begun.elapsed(), SLEEP) {
        let failure = Failure::property(
            "clients B, C and D were disconnected only once client A had its answer",
        )
        .expecting("idle clients are disconnected immediately")
        .because(causes::IDLE_TASK_NOT_CANCELLED);
        let error = server.fail(failure).await;
        return Err(expect::unless_late(&server, error, signalled - begun, PROMPT));
    }
    client.hear(&answer).await?;
    client.expect_close().await?;
    expect_exit(&server, ShutdownEnd::Drained, "the last answer").await?;
    expect_prompt(&server, "idle clients are disconnected", &samples)?;
    expect_idle_drain(trial).await
}

/// Expects that idle clients got the end of the stream, and nothing before it.
fn expect_silent_ends(server: &Server, ends: &[Ending]) -> Result<(), CheckError> {
    // A reset is a valid end for the client that sent part of a line: its bytes may be unread.
    let resets = ends.iter().filter(|ending| ending.reset).count();
    let failure = match ends.iter().find(|ending| !ending.words.is_empty()) {
        Some(ending) => Failure::property(format!("one client got {}", quoted(&ending.words)))
            .because(causes::ANSWERS_PARTIAL_LINE),
        None if resets > 1 => Failure::property(format!("{resets} idle clients got a reset (RST)"))
            .because(causes::IDLE_CLIENTS_RESET),
        None => return Ok(()),
    };
    let expected = "an idle client gets the end of the stream (FIN), and nothing before it";
    Err(server.process.fail_in_retrospect(failure.expecting(expected)))
}
