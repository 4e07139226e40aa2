//! A wait that a signal interrupts.

use std::time::Duration;

use engine::drive::{Client, Trial, try_join_all};
use engine::verdict::CheckError;

use super::backend::EPOLL;

/// Fact 6 of RULES.md: epoll_wait fails with EINTR when the program is stopped and continued; poll and select do not.
pub(super) async fn signal_interrupt(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 10;
    const TIMES: usize = 5;
    let server = trial.start(&EPOLL.start).await?;
    trial.step(format!("connect {CLIENTS} clients; each gets an answer and stays connected"));
    let clients = server.connect_many(CLIENTS).await?;
    trial.step(format!(
        "{TIMES} times: while the program sleeps, stop and continue it (SIGSTOP, SIGCONT); then each client sends a \
         request"
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
