//! Task 1: SIGTERM and SIGINT end an idle server.

use std::time::Instant;

use engine::drive::Trial;
use engine::verdict::CheckError;
use rustix::process::Signal;

use super::exit::{ShutdownEnd, expect_exit, expect_prompt};
use super::signal::{name, send_signal};
use super::start::PATIENT;

pub(super) async fn exit_zero(trial: &Trial) -> Result<(), CheckError> {
    let mut samples = Vec::new();
    for signal in [Signal::TERM, Signal::INT] {
        let server = trial.start(&PATIENT).await?;
        trial.step("connect a client, which gets an answer and leaves");
        server.serve_new_client("the client").await?.finish().await?;
        trial.step(format!("send {} to the program", name(signal)));
        let begun = Instant::now();
        send_signal(&server, signal)?;
        expect_exit(&server, ShutdownEnd::Drained, name(signal)).await?;
        samples.push(begun.elapsed());
    }
    let Some(server) = trial.servers().pop() else { return Ok(()) };
    expect_prompt(&server, "an idle server ends", &samples)
}

pub(super) async fn early_signal(trial: &Trial) -> Result<(), CheckError> {
    const TIMES: usize = 5;
    for _ in 0..TIMES {
        let server = trial.start(&PATIENT).await?;
        trial.step("send SIGTERM immediately, before any client connects");
        send_signal(&server, Signal::TERM)?;
        expect_exit(&server, ShutdownEnd::Drained, "SIGTERM").await?;
    }
    Ok(())
}
