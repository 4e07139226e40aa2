//! Delay: what some clients do does not hold up others (rule R3).

use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{Context, Server};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::time::not_starved;

/// While the value that `attack` returns is alive, no new client is delayed (rule R3). Steps call it `present`,
/// failures call it `attackers`.
pub async fn unaffected_by<T>(
    context: &Context,
    server: &Rc<Server>,
    present: &str,
    attackers: &str,
    attack: impl Future<Output = Result<T, CheckError>>,
) -> Result<T, CheckError> {
    context.step("connect 15 clients, one after another: how long until each gets an answer?");
    let before = baseline_delay(server).await?;
    let attack = attack.await?;
    context.step(format!("connect 15 clients again, with {present}"));
    let after = median_delay(server).await?;
    no_delay(server, ANSWERED, before, after, attackers).await?;
    Ok(attack)
}

/// How long a new client waits when no client holds up another; all have left afterwards.
async fn baseline_delay(server: &Rc<Server>) -> Result<Duration, CheckError> {
    let delay = median_delay(server).await?;
    // Other checks judge whether they really leave.
    server.until_clients_are_gone().await?;
    Ok(delay)
}

/// How many new clients [`median_delay`] connects.
pub const SAMPLES: usize = 15;

/// The event that attackers must not delay.
pub const ANSWERED: &str = "a new client gets an answer";

/// How long a new client waits for its first answer: the median of several.
pub async fn median_delay(server: &Rc<Server>) -> Result<Duration, CheckError> {
    let mut delays = Vec::new();
    for _ in 0..SAMPLES {
        let begin = Instant::now();
        server.serve_new_client("a new client").await?;
        delays.push(begin.elapsed());
    }
    Ok(median(delays))
}

/// The median of `times`; zero if there are none.
#[must_use]
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Rule R3: with the attackers, `what` may take five times as long, or 250 ms if that is longer; both are medians.
pub async fn no_delay(
    server: &Rc<Server>,
    what: &str,
    before: Duration,
    after: Duration,
    attackers: &str,
) -> Result<(), CheckError> {
    let bound = (5 * before).max(Duration::from_millis(250));
    if after <= bound {
        return Ok(());
    }
    not_starved(&server.process)?;
    let (after, before) = (time(after), time(before));
    let observed = format!("{after} with {attackers}, {before} without (medians)");
    let failure = Failure::property(observed)
        .expecting(format!("{what} within {}", time(bound)))
        .because(causes::CLIENTS_WAIT_FOR_EACH_OTHER);
    Err(server.fail(failure).await)
}
