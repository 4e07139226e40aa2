//! A number returns to its baseline.

use std::rc::Rc;

use engine::drive::{Client, Context, Server};
use engine::verdict::CheckError;

/// Rule R5: 200 clients connect and leave before anything is counted.
pub async fn warm_up(server: &Rc<Server>, context: &Context) -> Result<(), CheckError> {
    context.step("warm up: connect 200 clients, then disconnect them all");
    let clients = server.connect_many(200).await?;
    clients.into_iter().for_each(Client::reset);
    wait_until_stable(server).await
}

/// Waits until no client socket is left and the numbers of descriptors and threads no longer change.
async fn wait_until_stable(server: &Rc<Server>) -> Result<(), CheckError> {
    /// How many samples in a row, 5 ms apart, must be the same.
    const STABLE_FOR: u32 = 10;
    let (mut last, mut same) = ((0, 0), 0);
    let sample = || {
        let now = (server.probe().descriptor_count()?, server.probe().thread_count());
        let is_stable = now == last && server.client_sockets()? == 0;
        same = if is_stable { same + 1 } else { 0 };
        last = now;
        Ok((same >= STABLE_FOR).then_some(()))
    };
    // For a program that sleeps forever, or never becomes idle, the current numbers are the baseline.
    server.process.poll_until(sample).await?;
    Ok(())
}

/// Whether `count`, taken after a warm-up, returns to its baseline after `churn`. If it does not, the clients connect
/// again: a pool that fills late keeps its size, but a leak grows. Returns the numbers before and after if the count
/// grows.
pub async fn returns_to_baseline(
    server: &Rc<Server>,
    context: &Context,
    what: &str,
    count: impl Fn() -> Result<usize, CheckError>,
    churn: impl AsyncFn() -> Result<(), CheckError>,
) -> Result<Option<(usize, usize)>, CheckError> {
    warm_up(server, context).await?;
    let before = count()?;
    let mut most = before;
    for _ in 0..2 {
        churn().await?;
        context.step(format!("wait until the program has no more {what} than before"));
        let back = server.process.poll_until(|| Ok((count()? <= most).then_some(()))).await?;
        if back.is_some() {
            return Ok(None);
        }
        most = count()?;
    }
    Ok(Some((before, most)))
}
