//! Task 3, with many clients: no client is cut off in the middle of an answer.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::{quoted, time};
use engine::drive::{Client, Ending, Server, Trial, try_join_all};
use engine::verdict::{CheckError, Failure};
use rustix::process::Signal;

use super::causes;
use super::exit::{ShutdownEnd, expect_exit};
use super::signal::send_signal;
use super::start::PATIENT;
use crate::scenarios::lines::expect_taken;

pub(super) async fn signal_under_load(trial: &Trial) -> Result<(), CheckError> {
    const WAITING: usize = 100;
    const TALKING: usize = 96;
    const CONNECTING: usize = 4;
    let server = trial.start(&PATIENT).await?;
    trial.step(format!(
        "{WAITING} clients send SLEEP 1500, {TALKING} others send lines without a pause"
    ));
    let waiting = server.connect_many(WAITING).await?;
    let talking = server.connect_many(TALKING).await?;
    let answer = begin_sleeps(trial, &server, &waiting).await?;
    trial.step(format!(
        "{CONNECTING} more clients connect again and again until they are refused; send SIGTERM"
    ));
    let answers = Cell::new(0);
    let talks = talking.iter().map(|client| talk(trial, &server, client, &answers));
    let connects = (0..CONNECTING).map(|_| connect_until_refused(trial, &server));
    let waits = waiting.iter().map(|client| async {
        client.hear(&answer).await?;
        let Ending { words, .. } = client.ending().await?;
        expect_whole(&server, &words).await
    });
    let signal = async {
        // Once the talkers have received some answers.
        while answers.get() < 2 * TALKING {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        send_signal(&server, Signal::TERM)
    };
    tokio::try_join!(try_join_all(waits), try_join_all(talks), try_join_all(connects), signal)?;
    expect_exit(&server, ShutdownEnd::Drained, "the last answer").await
}

/// Has each of `clients` send a SLEEP, and returns the answer that all of them will get.
async fn begin_sleeps(
    trial: &Trial,
    server: &Rc<Server>,
    clients: &[Client],
) -> Result<String, CheckError> {
    let begun = Instant::now();
    let word = trial.word_text();
    let request = format!("SLEEP 1500 {word}\n");
    for client in clients {
        client.send(&request.clone().into_bytes().into()).await?;
    }
    expect_taken(server, clients).await?;
    if begun.elapsed() > Duration::from_millis(1200) {
        // Some may have their answers by now; the signal must be sent before that.
        return Err(CheckError::busy(format!(
            "it took {} until all requests were in flight",
            time(begun.elapsed())
        )));
    }
    Ok(format!("ECHO: {word}\n"))
}

/// Sends lines, each after the answer to the previous one, until the connection ends between two answers.
async fn talk(
    trial: &Trial,
    server: &Rc<Server>,
    client: &Client,
    answers: &Cell<usize>,
) -> Result<(), CheckError> {
    loop {
        let word = trial.word_text();
        let answer = format!("ECHO: {word}\n");
        let Some(ending) = client.try_say(&format!("{word}\n"), &answer).await? else {
            answers.set(answers.get() + 1);
            continue;
        };
        return expect_whole(server, &ending.words).await;
    }
}

/// Connects again and again, and sends a line each time, until a connection is refused.
async fn connect_until_refused(trial: &Trial, server: &Rc<Server>) -> Result<(), CheckError> {
    const EXPECTED: &str = "a connection is accepted or refused";
    loop {
        let client = match server.process.wait_for(&(), server.dial()).await {
            Ok(Ok(connection)) => server.client("a new client", connection),
            Ok(Err(error)) if error.is_lost() => return Ok(()),
            Ok(Err(error)) => return Err(server.fail_on_wire(EXPECTED, error).await),
            // No process is left to refuse it.
            Err(_) if server.process.has_ended() => return Ok(()),
            Err(error) => return Err(server.fail_wait(None, EXPECTED, error).await?),
        };
        let word = trial.word_text();
        let answer = format!("ECHO: {word}\n");
        match client.try_say(&format!("{word}\n"), &answer).await? {
            None => client.reset(),
            Some(ending) => expect_whole(server, &ending.words).await?,
        }
    }
}

/// Expects `words`, which arrived after the last whole answer, to be empty.
async fn expect_whole(server: &Server, words: &[u8]) -> Result<(), CheckError> {
    /// In bytes.
    const MAX_QUOTED: usize = 60;
    if words.is_empty() {
        return Ok(());
    }
    let shown = quoted(&words[..words.len().min(MAX_QUOTED)]);
    let failure = Failure::property(format!("one client got {shown}, then EOF"))
        .expecting("each client gets only whole answers before EOF")
        .because(causes::ANSWER_CANCELLED);
    Err(server.fail(failure).await)
}
