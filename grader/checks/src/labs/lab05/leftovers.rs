//! Task 4: what a program leaves behind.

use std::rc::Rc;
use std::time::Duration;

use course::text::count;
use engine::drive::{Server, Start, Trial};
use engine::verdict::{CheckError, Failure};
use observe::{ConnectionTable, is_in_time_wait};
use rustix::process::Signal;

use super::causes;
use super::exit::{ShutdownEnd, expect_exit};
use super::grace::wait_for_drain;
use super::request::begin_sleep;
use super::signal::send_signal;
use super::start::PATIENT;
use crate::expect;

pub(super) async fn nothing_left(trial: &Trial) -> Result<(), CheckError> {
    const SHORT: Start = Start { flags: &["--grace-ms", "300"], ..Start::PLAIN };
    for (what, start, end) in [
        ("a drain", &PATIENT, ShutdownEnd::Drained),
        ("a forced shutdown", &SHORT, ShutdownEnd::Forced),
        ("a second signal", &PATIENT, ShutdownEnd::SecondSignal),
    ] {
        let server = trial.start(start).await?;
        trial.step(format!("a client sends a SLEEP; send SIGTERM; {what} follows"));
        let millis = if end == ShutdownEnd::Drained { 1500 } else { 60_000 };
        let sleep = Duration::from_millis(millis);
        let (client, answer) = begin_sleep(&server, "client A", sleep).await?;
        send_signal(&server, Signal::TERM)?;
        match end {
            ShutdownEnd::Drained => client.hear(&answer).await?,
            ShutdownEnd::Forced => {}
            ShutdownEnd::SecondSignal => {
                wait_for_drain(&server).await?;
                send_signal(&server, Signal::TERM)?;
            }
        }
        expect_exit(&server, end, what).await?;
        trial.step("wait until no process of the program is left and its port has no listener");
        expect_nothing_left(&server).await?;
    }
    Ok(())
}

/// Expects that neither a process of the program nor its listener is left.
async fn expect_nothing_left(server: &Rc<Server>) -> Result<(), CheckError> {
    let nothing = || {
        let is_left =
            !server.process.has_ended() || ConnectionTable::of(server.address()).is_listening();
        Ok((!is_left).then_some(()))
    };
    if server.process.poll_until(nothing).await?.is_some() {
        return Ok(());
    }
    let observed = match server.probe().processes().len() {
        0 => "its port still has a listener".to_owned(),
        left => format!("{} still running", count(left, "process")),
    };
    let failure = Failure::property(observed)
        .expecting("no process or listener of the program is left")
        .because(causes::CHILD_LEFT_BEHIND);
    Err(server.fail(failure).await)
}

pub(super) async fn restart_same_port(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&PATIENT).await?;
    trial.step(
        "connect a client, which gets an answer and stays connected; send SIGTERM; the program must close the connection \
         first",
    );
    let client = server.serve_new_client("the client").await?;
    send_signal(&server, Signal::TERM)?;
    client.ending().await?;
    let ports = client.connection.ports;
    drop(client);
    expect_exit(&server, ShutdownEnd::Drained, "SIGTERM").await?;
    expect::that_was(&server, is_in_time_wait(ports), || {
        Failure::property("no connection is in TIME_WAIT: the client was reset (RST)")
            .expecting("the program closes with FIN, which leaves the connection in TIME_WAIT")
            .because(causes::ABORTS_IDLE_CLIENT)
    })?;
    let port = server.address().port();
    trial.step(
        "start the program again on the same port, while a connection is in TIME_WAIT; a client must be served",
    );
    let again = match trial.start(&Start { port, ..PATIENT }).await {
        Ok(again) => again,
        Err(CheckError::Failed(_)) if ConnectionTable::of(server.address()).is_in_use() => {
            return Err(CheckError::Inconclusive(format!("another program has taken port {port}")));
        }
        Err(error) => return Err(error.because(causes::PORT_NOT_REUSABLE)),
    };
    again.serve_new_client("a new client").await?.finish().await
}
