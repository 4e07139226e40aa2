//! Properties of epoll: how it is interrupted, and what idle clients cost.

use std::rc::Rc;
use std::time::Duration;

use course::text::time;
use engine::drive::{Client, Server, Trial, try_join_all};
use engine::verdict::{CheckError, Failure};

use super::backend::EPOLL;
use super::causes;

/// Fact 6 of RULES.md: epoll_wait ends with EINTR when the program was stopped and continues; poll and select do not.
pub(super) async fn signal_interrupt(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 10;
    const TIMES: usize = 5;
    let server = trial.start(&EPOLL.start).await?;
    trial.step(format!("connect {CLIENTS} clients; each is answered and stays open"));
    let clients = server.connect_many(CLIENTS).await?;
    trial.step(format!(
        "{TIMES} times, while the program sleeps: stop it and let it go on (SIGSTOP, SIGCONT), then \
         each client makes a request"
    ));
    for _ in 0..TIMES {
        server.process.wait_until_idle(Duration::from_millis(500)).await;
        server.process.pause().await?;
        server.process.resume();
        try_join_all(clients.iter().map(Client::ask)).await?;
    }
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// Fact 8 of RULES.md: with epoll the work depends on how many clients are active, not on how many are open.
pub(super) async fn idle_scaling(trial: &Trial) -> Result<(), CheckError> {
    const ACTIVE: usize = 10;
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
        let without = cpu_per_request(&alone, &active[0]).await?;
        let with = cpu_per_request(&crowded, &active[1]).await?;
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
    let observed = format!(
        "{} for each echo without them, {} with them: {least:.1} times as much, the best of {PAIRS} pairs \
         of rounds",
        time(pair.0),
        time(pair.1)
    );
    let failure = Failure::property(observed)
        .expecting(format!(
            "at most {MAX_RATIO} times the CPU for each echo with {IDLE} idle clients"
        ))
        .because(causes::VISITS_ALL_CLIENTS);
    Err(crowded.fail(failure).await)
}

/// The CPU time that a request costs the program, with `clients` taking turns.
async fn cpu_per_request(server: &Rc<Server>, clients: &[Client]) -> Result<Duration, CheckError> {
    const EACH: usize = 30;
    let running = || server.probe().cpu_times().values().map(|time| time.running).sum::<Duration>();
    let before = running();
    for _ in 0..EACH {
        for client in clients {
            client.ask().await?;
        }
    }
    // What it does after the last answer belongs to it.
    server.process.poll_until(|| Ok(server.probe().sleeping_threads()?.map(drop))).await?;
    Ok(running().saturating_sub(before) / (EACH * clients.len()) as u32)
}
