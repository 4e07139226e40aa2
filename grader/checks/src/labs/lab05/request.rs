//! Requests that take time.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{Client, Server, Start, Trial};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::exit::PROMPT;
use crate::scenarios::clock;
use crate::scenarios::lines::expect_read;

/// While one client's SLEEP runs, another's begins and ends.
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

/// Connects a client whose request is in flight: its line is read, its answer waits for the time `asked` to pass. Gives
/// that answer, too.
pub(super) async fn begin_sleep(
    server: &Rc<Server>,
    name: &str,
    asked: Duration,
) -> Result<(Client, String), CheckError> {
    let client = server.connect(name).await?;
    let word = server.context().word_text();
    let begun = Instant::now();
    client.send(&format!("SLEEP {} {word}\n", asked.as_millis()).into_bytes().into()).await?;
    expect_read(server, &client).await?;
    if client.connection.unread() == 0 {
        return Ok((client, format!("ECHO: {word}\n")));
    }
    let elapsed = begun.elapsed();
    if clock::is_early(elapsed, asked) {
        let failure = Failure::property(format!("{name} has an answer after {}", time(elapsed)))
            .expecting(format!("SLEEP {} is answered after {}", asked.as_millis(), time(asked)))
            .because(causes::SLEEP_TOO_SHORT);
        return Err(server.fail(failure).await);
    }
    let reason = format!("the machine is busy: {name} was answered before the signal");
    Err(CheckError::Inconclusive(reason))
}
