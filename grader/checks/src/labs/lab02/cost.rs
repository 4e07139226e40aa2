//! What a request costs the program in CPU time.

use std::rc::Rc;
use std::time::Duration;

use course::text::time;
use engine::drive::{Client, Server, Trial, run_while, try_join_all};
use engine::verdict::{CheckError, Failure};

use super::backend::{Backend, EPOLL};
use super::causes;

/// After a thousand events, a request costs what it did at first: nothing that an earlier wait reported is kept.
pub(super) async fn steady_cost(trial: &Trial, backend: &Backend) -> Result<(), CheckError> {
    const CLIENTS: usize = 20;
    const ROUNDS: usize = 50;
    /// A busy machine makes a request more expensive, but not by that.
    const MAX_RATIO: u32 = 4;
    let server = trial.start(&backend.start).await?;
    trial.step(
        "connect client A, which makes requests, each once the program sleeps: how much CPU time does one cost?",
    );
    let client = server.serve_new_client("client A").await?;
    let first = cpu_when_idle(&server, &client).await?;
    trial.step(format!(
        "connect {CLIENTS} more; {ROUNDS} times: stop the program (SIGSTOP), all {CLIENTS} make a request, let it continue (SIGCONT)"
    ));
    let clients = server.connect_many(CLIENTS).await?;
    for _ in 0..ROUNDS {
        server.process.pause().await?;
        let resume = async { server.process.resume() };
        run_while(resume, try_join_all(clients.iter().map(Client::ask))).await?;
    }
    clients.into_iter().for_each(Client::reset);
    trial.step("the others leave (RST); client A makes requests again");
    let last = cpu_when_idle(&server, &client).await?;
    if last <= first * MAX_RATIO {
        return Ok(());
    }
    let observed = format!("{} of CPU time for each, {} at first", micros(last), micros(first));
    let failure = Failure::property(observed)
        .expecting(format!("later requests cost at most {MAX_RATIO} times as much as the first"))
        .because(causes::KEEPS_OLD_EVENTS);
    Err(server.fail(failure).await)
}

/// The CPU time that a request of `client` costs a program that sleeps before: the least of several, because beside other
/// programs the caches are cold now and then.
async fn cpu_when_idle(server: &Rc<Server>, client: &Client) -> Result<Duration, CheckError> {
    const REQUESTS: usize = 10;
    let mut least = Duration::MAX;
    for _ in 0..REQUESTS {
        least = least.min(cpu_per_request(server, std::slice::from_ref(client), 1).await?);
    }
    Ok(least)
}

/// Fact 8 of RULES.md: with epoll the work depends on how many clients are active, not on how many are open.
pub(super) async fn idle_scaling(trial: &Trial) -> Result<(), CheckError> {
    const ACTIVE: usize = 10;
    const EACH: usize = 30;
    const IDLE: usize = 2000;
    const MAX_RATIO: u32 = 2;
    /// A busy machine makes an echo more expensive now and then, but not in every pair of rounds.
    const PAIRS: usize = 15;
    let alone = trial.start(&EPOLL.start).await?;
    let crowded = trial.start(&EPOLL.start).await?;
    trial.step(format!(
        "connect {ACTIVE} clients to each; connect {IDLE} more to the second one, which are answered and \
         then silent"
    ));
    let active = [alone.connect_many(ACTIVE).await?, crowded.connect_many(ACTIVE).await?];
    let idle = crowded.connect_many(IDLE).await?;
    trial.step(format!(
        "the {ACTIVE} of the first, then those of the second take turns: how much CPU does an echo cost?"
    ));
    let (mut least, mut pair) = (f64::INFINITY, (Duration::ZERO, Duration::ZERO));
    for _ in 0..PAIRS {
        let without = cpu_per_request(&alone, &active[0], EACH).await?;
        let with = cpu_per_request(&crowded, &active[1], EACH).await?;
        let ratio = with.as_secs_f64() / without.as_secs_f64().max(f64::MIN_POSITIVE);
        if ratio < least {
            (least, pair) = (ratio, (without, with));
        }
        if with <= without * MAX_RATIO {
            try_join_all(idle.iter().step_by(100).map(Client::ask)).await?;
            idle.into_iter().chain(active.into_iter().flatten()).for_each(Client::reset);
            return Ok(());
        }
    }
    expect_quiet_machine(&crowded, least, MAX_RATIO)?;
    let observed = format!(
        "{} for each echo without them, {} with them: {least:.1} times as much, the best of {PAIRS} pairs \
         of rounds",
        micros(pair.0),
        micros(pair.1)
    );
    let failure = Failure::property(observed)
        .expecting(format!(
            "at most {MAX_RATIO} times the CPU for each echo with {IDLE} idle clients"
        ))
        .because(causes::VISITS_ALL_CLIENTS);
    Err(crowded.fail(failure).await)
}

/// Makes a check inconclusive whose measured ratio is not far above its limit on a machine where the program waited for
/// CPUs: programs that ran in between have taken the caches, too.
fn expect_quiet_machine(server: &Server, ratio: f64, max: u32) -> Result<(), CheckError> {
    let running = running(server);
    let waiting: Duration = server.probe().cpu_times().values().map(|time| time.waiting).sum();
    if ratio > f64::from(2 * max) || waiting < running / 10 {
        return Ok(());
    }
    Err(CheckError::Inconclusive(format!(
        "the machine is busy: the program waited {} for a CPU and ran for {}, so {ratio:.1} times the CPU time says nothing",
        time(waiting),
        time(running)
    )))
}

/// The CPU time that a request costs the program when `clients` take turns until each has made `each`.
async fn cpu_per_request(
    server: &Rc<Server>,
    clients: &[Client],
    each: usize,
) -> Result<Duration, CheckError> {
    let before = running(server);
    for _ in 0..each {
        for client in clients {
            client.ask().await?;
        }
    }
    // What it does after the last answer belongs to it.
    server.process.poll_until(|| Ok(server.probe().sleeping_threads()?.map(drop))).await?;
    Ok(running(server).saturating_sub(before) / (each * clients.len()) as u32)
}

/// A time that is shorter than [`time`] shows.
fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

/// The CPU time that the program has used.
fn running(server: &Server) -> Duration {
    server.probe().cpu_times().values().map(|time| time.running).sum()
}
