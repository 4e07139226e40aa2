//! Task 3: users and rooms leave nothing behind in memory.

use std::rc::Rc;

use course::text::size;
use engine::drive::{Server, Start, Trial, try_join_bounded};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::client::ChatClient;
use crate::expect;

/// How many clients join and leave in a batch.
const USERS: usize = 2000;

pub(super) async fn memory_flat(trial: &Trial) -> Result<(), CheckError> {
    /// The first batch is a warm-up. Two later ones in a row that need no more memory than before are enough. An
    /// allocator may need more at first, and a garbage-collected heap grows for a while and then goes up and down.
    const BATCHES: usize = 10;
    /// An entry with a name of 32 bytes takes more than this.
    const MAX_EACH: u64 = 32;
    let server = trial.start(&Start::PLAIN).await?;
    let memory = || server.probe().rss_anon();
    let mut highest = memory();
    let mut all_grown: Vec<u64> = Vec::new();
    for batch in 0..=BATCHES {
        trial.step(format!("{USERS} clients each join their own room and leave"));
        come_and_go(&server, batch * USERS + 1).await?;
        let after = memory();
        all_grown.push(expect::growth(&highest, &after).into_values().sum());
        let last_two = all_grown.iter().rev().take(2).sum::<u64>();
        if batch > 1 && last_two < 2 * MAX_EACH * USERS as u64 {
            return Ok(());
        }
        for (pid, now) in after {
            let highest = highest.entry(pid).or_default();
            *highest = now.max(*highest);
        }
    }
    let grown: Vec<_> = all_grown.into_iter().skip(1).map(size).collect();
    let grown = grown.join(", ");
    let observed =
        format!("memory growth in each batch, above the highest level so far (RssAnon): {grown}");
    let failure = Failure::property(observed).expecting(format!(
        "after {USERS} more clients have joined and left, memory use is as before"
    ));
    Err(server.fail(failure.because(causes::KEEPS_STATE_OF_DEPARTED_USERS)).await)
}

/// [`USERS`] clients each join their own room and leave. Users and rooms are named by numbers, from `first` on.
async fn come_and_go(server: &Rc<Server>, first: usize) -> Result<(), CheckError> {
    let visits = (first..first + USERS).map(|number| async move {
        let name = format!("{number:032}");
        ChatClient::join(server, &name, &name, &[&name]).await?.reset();
        Ok(())
    });
    try_join_bounded(visits).await?;
    server.until_clients_are_gone().await?;
    Ok(())
}
