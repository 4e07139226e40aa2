//! Task 3: users and rooms that are gone leave nothing in memory.

use std::rc::Rc;

use course::text::size;
use engine::drive::{Server, Start, Trial, try_join_bounded};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::client::ChatClient;
use crate::expect;

/// How many clients come and go in a batch.
const USERS: usize = 2000;

pub(super) async fn memory_flat(trial: &Trial) -> Result<(), CheckError> {
    /// The first batch warms up; of the others two in a row that need no more than there was before are enough (an
    /// allocator may need more, and a garbage collector has its heap grow for a while and goes up and down then).
    const BATCHES: usize = 10;
    /// An entry with a name of 32 bytes takes more than that, each time.
    const MAX_EACH: u64 = 32;
    let server = trial.start(&Start::PLAIN).await?;
    let memory = || server.probe().rss_anon();
    let mut highest = memory();
    let mut all_grown: Vec<u64> = Vec::new();
    for batch in 0..=BATCHES {
        trial.step(format!("{USERS} clients join rooms of their own, and leave"));
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
        format!("batch by batch it needed so much more than ever before (RssAnon): {grown}");
    let failure = Failure::property(observed)
        .expecting(format!("after {USERS} more who came and went the memory is as before"));
    Err(server.fail(failure.because(causes::KEEPS_STATE_OF_DEPARTED_USERS)).await)
}

/// [`USERS`] clients join rooms of their own and leave. Users and rooms have numbers for names, from `first` on.
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
