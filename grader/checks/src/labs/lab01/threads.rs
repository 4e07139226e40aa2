//! What the threads do.

use std::time::Duration;

use course::text::count;
use engine::drive::{Client, Start, Trial};
use engine::verdict::CheckError;
use observe::{Syscall, ThreadState};

/// Shows what the kernel sees of the threads. It gives no points: any design passes.
pub(super) async fn thread_per_client(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 50;
    let server = trial.start(&Start::PLAIN).await?;
    let clients = server.connect_many(CLIENTS).await?;
    server.process.wait_until_idle(Duration::from_millis(500)).await;
    let threads = server.probe().threads()?;
    let asleep_in = |test: fn(Syscall) -> bool| {
        let is_it =
            |state: &ThreadState| matches!(state, ThreadState::Blocked(call) if test(*call));
        threads.iter().filter(|thread| is_it(&thread.state)).count()
    };
    let (read, accept) = (asleep_in(Syscall::reads), asleep_in(Syscall::accepts));
    trial.note(format!(
        "with {CLIENTS} clients open: {}, {read} asleep in read, {accept} in accept",
        count(threads.len(), "thread")
    ));
    clients.into_iter().for_each(Client::reset);
    Ok(())
}
