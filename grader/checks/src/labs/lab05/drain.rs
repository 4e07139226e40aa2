//! Task 3: requests in flight are answered, and idle clients are closed.

use std::time::{Duration, Instant};

use course::text::{quoted, time};
use engine::drive::{Client, Ending, Server, Trial, try_join_all};
use engine::verdict::{CheckError, Failure};
use rustix::process::Signal;

use super::causes;
use super::exit::{PROMPT, ShutdownEnd, expect_exit, expect_prompt};
use super::request::begin_sleep;
use super::signal::send_signal;
use super::start::PATIENT;
use crate::scenarios::clock;

pub(super) async fn in_flight_completes(trial: &Trial) -> Result<(), CheckError> {
    const SLEEP: Duration = Duration::from_millis(2500);
    let server = trial.start(&PATIENT).await?;
    trial.step("clients A and B ask for SLEEP 2500; once that is under way, send SIGTERM");
    let begun = Instant::now();
    let (first, first_answer) = begin_sleep(&server, "client A", SLEEP).await?;
    let (second, second_answer) = begin_sleep(&server, "client B", SLEEP).await?;
    send_signal(&server, Signal::TERM)?;
    trial.step("client B sends another line meanwhile, which lies unread when its answer is out");
    let word = trial.word_text();
    second.send(&format!("{word}\n").into_bytes().into()).await?;
    if begun.elapsed() > Duration::from_millis(2200) {
        // It may have been answered before, and idle.
        let elapsed = time(begun.elapsed());
        return Err(CheckError::Inconclusive(format!("the machine is busy: that took {elapsed}")));
    }
    trial.step("client A gets its answer and the end (FIN)");
    first.hear(&first_answer).await?;
    expect_not_interrupted(&server, begun, SLEEP)?;
    first.expect_close().await?;
    trial.step(
        "client B gets its answer, perhaps that to its other line, and the end: no reset (RST)",
    );
    second.hear(&second_answer).await?;
    expect_clean_end(&server, &second, &format!("ECHO: {word}\n")).await?;
    expect_exit(&server, ShutdownEnd::Drained, "the last answer").await
}

/// A request for a SLEEP of `asked`, sent after `begun`, was not answered before its time.
fn expect_not_interrupted(
    server: &Server,
    begun: Instant,
    asked: Duration,
) -> Result<(), CheckError> {
    let elapsed = begun.elapsed();
    if !clock::is_early(elapsed, asked) {
        return Ok(());
    }
    let (millis, asked) = (asked.as_millis(), time(asked));
    let observed = format!("client A has its answer after {}", time(elapsed));
    let failure = Failure::property(observed)
        .expecting(format!("a request under way goes on: SLEEP {millis} takes {asked}"))
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
        let failure = Failure::property(format!("{} came, then a reset (RST)", quoted(&words)))
            .expecting("after its answer client B gets the end of the stream (FIN)")
            .because(causes::RESET_AFTER_ANSWER);
        return Err(server.process.fail_in_retrospect(failure));
    }
    if !words.is_empty() && words != another.as_bytes() {
        let failure = Failure::property(format!("it got {}", quoted(&words)))
            .expecting("later lines are answered or dropped whole");
        return Err(server.fail(failure).await);
    }
    Ok(())
}

pub(super) async fn idle_closed(trial: &Trial) -> Result<(), CheckError> {
    const SLEEP: Duration = Duration::from_millis(3000);
    let server = trial.start(&PATIENT).await?;
    trial.step(
        "client A asks for SLEEP 3000; B has been answered, C has said nothing, D a part of a line",
    );
    let answered = server.serve_new_client("client B").await?;
    let silent = server.connect("client C").await?;
    let unfinished = server.connect("client D").await?;
    unfinished.send(&trial.word().into()).await?;
    let begun = Instant::now();
    let (client, answer) = begin_sleep(&server, "client A", SLEEP).await?;
    trial.step("send SIGTERM: clients B, C and D are closed while client A's request runs");
    send_signal(&server, Signal::TERM)?;
    let signalled = Instant::now();
    let ends = [&answered, &silent, &unfinished].map(|idle| async move {
        let ending = idle.ending().await?;
        Ok((ending, signalled.elapsed()))
    });
    let (ends, samples): (Vec<_>, Vec<_>) = try_join_all(ends).await?.into_iter().unzip();
    expect_silent_ends(&server, &ends)?;
    // One that is answered before its time is judged elsewhere.
    if client.connection.unread() > 0 && !clock::is_early(begun.elapsed(), SLEEP) {
        let failure = Failure::property("they were closed once client A had its answer")
            .expecting("idle clients are closed at once")
            .because(causes::IDLE_TASK_NOT_CANCELLED);
        let error = server.fail(failure).await;
        return Err(clock::unless_late(&server, error, signalled - begun, PROMPT));
    }
    client.hear(&answer).await?;
    client.expect_close().await?;
    expect_exit(&server, ShutdownEnd::Drained, "the last answer").await?;
    expect_prompt(&server, "idle clients are closed", &samples)
}

/// Expects that idle clients got the end of the stream, and nothing before it.
fn expect_silent_ends(server: &Server, ends: &[Ending]) -> Result<(), CheckError> {
    // A reset is an end for the one with a part of a line; its bytes may be unread.
    let resets = ends.iter().filter(|ending| ending.reset).count();
    let failure = match ends.iter().find(|ending| !ending.words.is_empty()) {
        Some(ending) => Failure::property(format!("one got {}", quoted(&ending.words)))
            .because(causes::ANSWERS_PARTIAL_LINE),
        None if resets > 1 => Failure::property(format!("{resets} of them got a reset (RST)"))
            .because(causes::IDLE_CLIENTS_RESET),
        None => return Ok(()),
    };
    let expected = "an idle client gets the end of the stream (FIN), and nothing before it";
    Err(server.process.fail_in_retrospect(failure.expecting(expected)))
}
