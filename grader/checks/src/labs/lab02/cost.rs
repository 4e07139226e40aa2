//! What a request costs the program in CPU time.

use std::rc::Rc;
use std::time::Duration;

use course::text::time;
use engine::drive::{Client, Server, Trial, run_while, try_join_all};
use engine::verdict::{CheckError, Failure};

use super::backend::{Backend, EPOLL};
use super::causes;

/// After five thousand requests, a request costs as much as at first: the program keeps nothing that an earlier wait
/// reported.
pub(super) async fn steady_cost(trial: &Trial, backend: &Backend) -> Result<(), CheckError> {
    const CLIENTS: usize = 20;
    const ROUNDS: usize = 250;
    /// A busy machine makes a request more expensive, but not by this much.
    const MAX_RATIO: u32 = 4;
    let server = trial.start(&backend.start).await?;
    trial.step(
        "connect client A; it sends requests, each while the program is asleep: how much CPU time does one cost?",
    );
    let client = server.serve_new_client("client A").await?;
    let first = cpu_when_idle(&server, &client).await?;
    trial.step(format!(
        "connect {CLIENTS} more clients; {ROUNDS} times: stop the program (SIGSTOP); each of the {CLIENTS} sends a \
         request; continue the program (SIGCONT)"
    ));
    let clients = server.connect_many(CLIENTS).await?;
    for _ in 0..ROUNDS {
        server.process.pause().await?;
        let resume = async { server.process.resume() };
        run_while(resume, try_join_all(clients.iter().map(Client::ask))).await?;
    }
    clients.into_iter().for_each(Client::reset);
    trial.step(format!(
        "the {CLIENTS} reset their connections (RST); client A sends requests again"
    ));
    let last = cpu_when_idle(&server, &client).await?;
    if last <= first * MAX_RATIO {
        return Ok(());
    }
    let observed =
        format!("{} of CPU time for a request, {} at first", micros(last), micros(first));
    let failure = Failure::property(observed)
        .expecting(format!(
            "later requests cost at most {MAX_RATIO} times as much CPU time as the first"
        ))
        .because(causes::KEEPS_OLD_EVENTS);
    Err(server.fail(failure).await)
}

/// The CPU time that a request of `client` costs a sleeping program: the minimum of several measurements, because other
/// programs sometimes leave the caches cold.
async fn cpu_when_idle(server: &Rc<Server>, client: &Client) -> Result<Duration, CheckError> {
    const REQUESTS: usize = 10;
    let mut least = Duration::MAX;
    for _ in 0..REQUESTS {
        least = least.min(cpu_per_request(server, std::slice::from_ref(client), 1).await?);
    }
    Ok(least)
}

/// Fact 8 of RULES.md: with epoll the work depends on how many clients are active, not on how many are connected.
pub(super) async fn idle_scaling(trial: &Trial) -> Result<(), CheckError> {
    const ACTIVE: usize = 10;
    const EACH: usize = 30;
    const IDLE: usize = 2000;
    const MAX_RATIO: u32 = 2;
    /// A busy machine sometimes makes an echo more expensive, but not in every pair of rounds.
    const PAIRS: usize = 15;
    let alone = trial.start(&EPOLL.start).await?;
    let crowded = trial.start(&EPOLL.start).await?;
    trial.step(format!(
        "connect {ACTIVE} clients to each program, and {IDLE} more to the second one; these get an answer and then \
         send nothing"
    ));
    let active = [alone.connect_many(ACTIVE).await?, crowded.connect_many(ACTIVE).await?];
    let idle = crowded.connect_many(IDLE).await?;
    trial.step(format!(
        "the {ACTIVE} clients of the first program send in turn, then those of the second: how much CPU time does an \
         echo cost?"
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
        "an echo costs {} without idle clients and {} with them: {least:.1} times as much (the best of {PAIRS} pairs \
         of rounds)",
        micros(pair.0),
        micros(pair.1)
    );
    let failure = Failure::property(observed)
        .expecting(format!(
            "with {IDLE} idle clients, an echo costs at most {MAX_RATIO} times as much CPU time as without them"
        ))
        .because(causes::VISITS_ALL_CLIENTS);
    Err(crowded.fail(failure).await)
}

/// Makes the check inconclusive if the ratio is not far above its limit and the program had to wait for CPUs. The
/// programs that ran in between also left its caches cold.
fn expect_quiet_machine(server: &Server, ratio: f64, max: u32) -> Result<(), CheckError> {
    let running = running(server);
    let waiting: Duration = server.probe().cpu_times().values().map(|time| time.waiting).sum();
    if ratio > f64::from(2 * max) || waiting < running / 10 {
        return Ok(());
    }
    Err(CheckError::busy(format!(
        "the program waited {} for a CPU and ran for {}, so a ratio of {ratio:.1} proves nothing",
        time(waiting),
        time(running)
    )))
}

/// The CPU time that a request costs the program when `clients` take turns until each has sent `each` requests.
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
    // Work after the last answer is part of the cost.
    server.process.poll_until(|| Ok(server.probe().sleeping_threads()?.map(drop))).await?;
    Ok(running(server).saturating_sub(before) / (each * clients.len()) as u32)
}

/// Formats a time that is too short for [`time`].
fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

/// The CPU time that the program has used.
fn running(server: &Server) -> Duration {
    server.probe().cpu_times().values().map(|time| time.running).sum()
}
