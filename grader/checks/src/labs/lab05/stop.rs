//! Task 1: SIGTERM and SIGINT end an idle server.

use std::time::Instant;

use engine::drive::{Start, Trial};
use engine::verdict::{CheckError, Failure};
use rustix::process::Signal;

use super::causes;
use super::exit::{PROMPT, expect_exit, expect_prompt};
use super::signal::{name, send_signal};
use super::start::PATIENT;
use crate::scenarios::clock;

pub(super) async fn sleeps_overlap(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    trial.step("client A asks for SLEEP 2000, then client B for SLEEP 10");
    let word = trial.word_text();
    let slow = server.connect("client A").await?;
    let begun = Instant::now();
    slow.send(&format!("SLEEP 2000 {word}\n").into_bytes().into()).await?;
    let quick = server.connect("client B").await?;
    let gap = begun.elapsed();
    quick.say(&format!("SLEEP 10 {word}\n"), &format!("ECHO: {word}\n")).await?;
    if slow.connection.unread() > 0 {
        let failure = Failure::property("client A was answered first")
            .expecting("client B is answered while client A's SLEEP still runs")
            .because(causes::SLEEPS_ONE_AT_A_TIME);
        return Err(clock::unless_late(&server, server.fail(failure).await, gap, PROMPT));
    }
    slow.hear(&format!("ECHO: {word}\n")).await
}

pub(super) async fn exit_zero(trial: &Trial) -> Result<(), CheckError> {
    let mut samples = Vec::new();
    for signal in [Signal::TERM, Signal::INT] {
        let server = trial.start(&PATIENT).await?;
        trial.step("a client connects, is answered and leaves");
        server.serve_new_client("the client").await?.finish().await?;
        trial.step(format!("send {} to the program", name(signal)));
        let begun = Instant::now();
        send_signal(&server, signal)?;
        expect_exit(&server, 0, name(signal)).await?;
        samples.push(begun.elapsed());
    }
    let Some(server) = trial.servers().pop() else { return Ok(()) };
    expect_prompt(&server, "an idle server ends", &samples)
}

pub(super) async fn early_signal(trial: &Trial) -> Result<(), CheckError> {
    const TIMES: usize = 5;
    for _ in 0..TIMES {
        let server = trial.start(&PATIENT).await?;
        trial.step("send SIGTERM at once, before any client");
        send_signal(&server, Signal::TERM)?;
        expect_exit(&server, 0, "SIGTERM").await?;
    }
    Ok(())
}
