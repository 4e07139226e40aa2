//! Task 2: the listener is closed first.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{Client, Server, Trial};
use engine::verdict::{CheckError, Failure};
use observe::ConnectionTable;
use rustix::process::Signal;

use super::causes;
use super::exit::{PROMPT, ShutdownEnd, expect_exit};
use super::request::begin_sleep;
use super::signal::send_signal;
use super::start::PATIENT;
use crate::expect;

const EXPECTED: &str = "new connections are refused while client A's request is in flight";

/// What happened first after the signal.
enum FirstEvent {
    /// The listener was closed, and the request was still in flight.
    ListenerClosed,
    /// The request was answered; which happened first may be unknown.
    Answered {
        /// How long after the signal the program was last seen listening with the request in flight.
        last_seen: Duration,
    },
    /// The program listens, the request is not answered, and neither will change.
    Neither,
}

pub(super) async fn listener_first(trial: &Trial) -> Result<(), CheckError> {
    const SLEEP: Duration = Duration::from_millis(2500);
    let server = trial.start(&PATIENT).await?;
    trial.step("client A sends SLEEP 2500; once this request is in flight, send SIGTERM");
    let begun = Instant::now();
    let (client, answer) = begin_sleep(&server, "client A", SLEEP).await?;
    send_signal(&server, Signal::TERM)?;
    trial.step(
        "while the request is in flight, wait until the listener is closed; then a new client must be refused, and \
         client A must get its answer and EOF",
    );
    let first = wait_for_first_event(&server, &client).await?;
    let is_early = expect::is_early(begun.elapsed(), SLEEP);
    match first {
        FirstEvent::ListenerClosed => {}
        // Which happened first is unknown, and another check judges an answer that is too early.
        FirstEvent::Answered { .. } if is_early && !is_listening(&server) => return Ok(()),
        FirstEvent::Answered { last_seen } if !is_early && last_seen < PROMPT => {
            let last_seen = time(last_seen);
            return Err(CheckError::busy(format!(
                "the last sample before the answer was taken {last_seen} after the signal"
            )));
        }
        FirstEvent::Answered { .. } => {
            let observed = "the program kept listening until client A had its answer";
            return Err(listens_too_long(&server, observed));
        }
        FirstEvent::Neither => {
            let observed = "the program keeps listening, and client A has no answer";
            return Err(listens_too_long(&server, observed));
        }
    }
    expect_refused(&server).await?;
    client.hear(&answer).await?;
    client.expect_close().await?;
    expect_exit(&server, ShutdownEnd::Drained, "the last answer").await
}

fn is_listening(server: &Server) -> bool {
    ConnectionTable::of(server.address()).is_listening()
}

/// Waits until the listener is closed or the request of `client` is answered.
async fn wait_for_first_event(server: &Server, client: &Client) -> Result<FirstEvent, CheckError> {
    let signalled = Instant::now();
    let mut last_seen = Duration::ZERO;
    let sample = || {
        // In this order: a closed listener, and no answer after that, means that the listener was closed first.
        let now = signalled.elapsed();
        let is_closed = !is_listening(server);
        let is_answered = client.connection.unread() > 0;
        Ok(match (is_closed, is_answered) {
            (true, false) => Some(FirstEvent::ListenerClosed),
            (_, true) => Some(FirstEvent::Answered { last_seen }),
            (false, false) => {
                last_seen = now;
                None
            }
        })
    };
    Ok(server.process.poll_until(sample).await?.unwrap_or(FirstEvent::Neither))
}

fn listens_too_long(server: &Server, observed: &str) -> CheckError {
    let failure =
        Failure::property(observed).expecting(EXPECTED).because(causes::LISTENER_KEPT_OPEN);
    let error = server.process.fail_in_retrospect(failure);
    expect::unless_late(server, error, Duration::ZERO, PROMPT)
}

/// Expects that a new client is refused.
async fn expect_refused(server: &Rc<Server>) -> Result<(), CheckError> {
    match server.process.wait_for(&(), server.dial()).await {
        Ok(Err(error)) if error.is_lost() => Ok(()),
        Ok(Err(error)) => Err(server.fail_on_wire(EXPECTED, error).await),
        Ok(Ok(_)) | Err(_) => {
            let failure = Failure::property("a new client could connect").expecting(EXPECTED);
            Err(server.fail(failure).await)
        }
    }
}
