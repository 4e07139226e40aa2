//! Task 4: the grace period and a second signal end a drain.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{Server, Start, Trial};
use engine::verdict::{CheckError, Failure};
use observe::ConnectionTable;
use rustix::process::Signal;

use super::causes;
use super::exit::{ShutdownEnd, expect_exit, expect_prompt};
use super::request::begin_sleep;
use super::signal::{name, send_signal};
use super::start::PATIENT;
use crate::expect;

const GRACE: Duration = Duration::from_millis(700);

pub(super) async fn grace_deadline(trial: &Trial) -> Result<(), CheckError> {
    /// Timers are late on a busy machine, though not all of them by this much (rule R2).
    const LATE: Duration = Duration::from_secs(1);
    let mut samples = Vec::new();
    for requests in [3, 1] {
        samples.push(force_end(trial, requests).await?);
    }
    let shortest = samples.iter().min().copied().unwrap_or_default();
    let Some(server) = trial.servers().pop() else { return Ok(()) };
    expect::that_was(&server, !expect::is_early(shortest, GRACE), || {
        Failure::property(format!("the program ended after {}", time(shortest)))
            .expecting(format!("requests in flight have {} to finish", time(GRACE)))
            .because(causes::GRACE_TIME_CUT_SHORT)
    })?;
    if shortest > GRACE + LATE {
        expect::not_starved(&server.process)?;
        let failure = Failure::property(format!(
            "the program ended after {} (the faster of two tries)",
            time(shortest)
        ))
        .expecting(format!("the program ends {} after the signal", time(GRACE)))
        .because(causes::WAITS_BEYOND_GRACE_TIME);
        return Err(server.process.fail_in_retrospect(failure));
    }
    Ok(())
}

/// Lets the grace period end with this many `requests` in flight, and returns how long after the signal the program
/// ended.
async fn force_end(trial: &Trial, requests: usize) -> Result<Duration, CheckError> {
    const START: Start = Start { flags: &["--grace-ms", "700"], ..Start::PLAIN };
    const SLEEP: Duration = Duration::from_secs(60);
    let server = trial.start(&START).await?;
    let senders = match requests {
        1 => "a client sends".to_owned(),
        many => format!("{many} clients send"),
    };
    trial.step(format!("{senders} SLEEP 60000; two more clients are idle"));
    let mut clients = vec![server.serve_new_client("an idle client").await?];
    clients.push(server.connect("a silent client").await?);
    for index in 0..requests {
        let (client, _) = begin_sleep(&server, &format!("client {}", index + 1), SLEEP).await?;
        clients.push(client);
    }
    trial.step(format!(
        "send SIGTERM; the program must end when its grace period of {} is over",
        time(GRACE)
    ));
    let begun = Instant::now();
    send_signal(&server, Signal::TERM)?;
    expect_exit(&server, ShutdownEnd::Forced, "the grace period").await?;
    let elapsed = begun.elapsed();
    expect_report(&server, requests)?;
    Ok(elapsed)
}

/// Expects that the program has reported this many `aborted` connections.
fn expect_report(server: &Server, aborted: usize) -> Result<(), CheckError> {
    let line = format!("forced: {aborted} connections aborted");
    let found = server.process.stderr().find_line("forced:");
    if found.as_deref().map(str::trim_end) == Some(line.as_str()) {
        return Ok(());
    }
    let observed = found.map_or("no line `forced: …`".to_owned(), |found| format!("`{found}`"));
    let failure = Failure::property(observed)
        .expecting(format!("`{line}` on standard error"))
        .because(causes::MISCOUNTS_ABORTED);
    Err(server.process.fail_in_retrospect(failure))
}

pub(super) async fn second_signal(trial: &Trial) -> Result<(), CheckError> {
    const PAIRS: [(Signal, Signal); 4] = [
        (Signal::TERM, Signal::INT),
        (Signal::INT, Signal::TERM),
        (Signal::TERM, Signal::TERM),
        (Signal::INT, Signal::INT),
    ];
    let mut samples = Vec::new();
    for (first, second) in PAIRS {
        let server = trial.start(&PATIENT).await?;
        trial.step(format!("client A sends SLEEP 60000; then send {}", name(first)));
        let (client, _) = begin_sleep(&server, "client A", Duration::from_secs(60)).await?;
        send_signal(&server, first)?;
        trial.step(format!("wait until the listener is closed, then send {}", name(second)));
        wait_for_drain(&server).await?;
        let begun = Instant::now();
        send_signal(&server, second)?;
        expect_exit(&server, ShutdownEnd::SecondSignal, "the second signal").await?;
        samples.push(begun.elapsed());
        drop(client);
    }
    let Some(server) = trial.servers().pop() else { return Ok(()) };
    expect_prompt(&server, "a second signal ends the program", &samples)
}

/// With only idle clients connected, nothing is in flight, so nothing is aborted, and even a short grace period is long
/// enough.
pub(super) async fn expect_idle_drain(trial: &Trial) -> Result<(), CheckError> {
    const START: Start = Start { flags: &["--grace-ms", "300"], ..Start::PLAIN };
    let server = trial.start(&START).await?;
    trial.step("client E already has an answer, F has sent nothing; send SIGTERM; the program must end with status 0");
    let clients = [server.serve_new_client("client E").await?, server.connect("client F").await?];
    send_signal(&server, Signal::TERM)?;
    expect_exit(&server, ShutdownEnd::Drained, "closing its idle clients").await?;
    drop(clients);
    Ok(())
}

/// Waits until the program has handled the first signal: the listener is closed and 100 ms have passed, or a second
/// has passed. Then a second signal may follow.
pub(super) async fn wait_for_drain(server: &Rc<Server>) -> Result<(), CheckError> {
    const APART: Duration = Duration::from_millis(100);
    let begun = Instant::now();
    let heard = || {
        let is_heard =
            !ConnectionTable::of(server.address()).is_listening() && begun.elapsed() >= APART;
        Ok((is_heard || begun.elapsed() >= 10 * APART).then_some(()))
    };
    server.process.poll_until(heard).await.map(drop)
}
