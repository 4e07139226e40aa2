//! Delay: what some clients do does not hold up others (rule R3).

use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{Context, Server};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::time::not_starved;

/// What `attack` gives delays no new client for as long as it lives (rule R3). The steps call it `present`, and a
/// failure calls it `attackers`.
pub async fn unaffected_by<T>(
    context: &Context,
    server: &Rc<Server>,
    present: &str,
    attackers: &str,
    attack: impl Future<Output = Result<T, CheckError>>,
) -> Result<T, CheckError> {
    context.step("15 clients, one after the other: how long until each is answered?");
    let before = baseline_delay(server).await?;
    let attack = attack.await?;
    context.step(format!("15 clients again, with {present}"));
    let after = median_delay(server).await?;
    no_delay(server, ANSWERED, before, after, attackers).await?;
    Ok(attack)
}

/// How long a new client waits as long as no client holds up another; all are gone afterwards.
async fn baseline_delay(server: &Rc<Server>) -> Result<Duration, CheckError> {
    let delay = median_delay(server).await?;
    // Whether they really go is for other checks.
    server.until_clients_are_gone().await?;
    Ok(delay)
}

/// How many new clients [`median_delay`] takes.
pub const SAMPLES: usize = 15;

/// What must not take much longer.
pub const ANSWERED: &str = "a new client is answered";

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

/// Rule R3: with the attackers, `what` may take five times as long, or 250 ms; both are medians.
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
    let observed = format!("{after} with {attackers}, {before} without (medians of 15)");
    let failure = Failure::property(observed)
        .expecting(format!("{what} within {}", time(bound)))
        .because(causes::CLIENTS_WAIT_FOR_EACH_OTHER);
    Err(server.fail(failure).await)
}
