//! How a wait is interrupted.

use std::time::Duration;

use engine::drive::{Client, Trial, try_join_all};
use engine::verdict::CheckError;

use super::backend::EPOLL;

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
