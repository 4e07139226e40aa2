//! The limit on clients that are served at the same time.

use std::rc::Rc;
use std::time::Duration;

use engine::drive::{Client, Context, Payload, Server, Start, Trial};
use engine::verdict::{Arrival, CheckError, Failure};

use super::causes;

const LIMIT: usize = 16;
const START: Start = Start { flags: &["--max-connections", "16"], ..Start::PLAIN };

/// At the limit, one more client waits until another one leaves.
pub(crate) async fn connection_limit(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&START).await?;
    let mut clients = Vec::new();
    // Twice: the second time with slots that a reset has freed.
    for (leaves, by_reset) in
        [("closes its connection", false), ("resets its connection (RST)", true)]
    {
        trial.step(format!(
            "connect clients up to the limit of {LIMIT}; each gets an answer and stays connected"
        ));
        clients.extend(server.connect_many(LIMIT - clients.len()).await?);
        let (extra, payload) = exceed_limit(trial, &server, &clients).await?;
        trial.step(format!("one of the {LIMIT} {leaves}; now the 17th must get its answer"));
        let gone = clients.swap_remove(trial.number(0..=LIMIT - 1));
        if by_reset {
            gone.reset();
        } else {
            drop(gone);
        }
        extra.expect_echo(&payload, payload.len()).await?;
        clients.push(extra);
    }
    trial.step(format!(
        "all {LIMIT} reset their connections (RST); then {LIMIT} new clients must get answers"
    ));
    clients.into_iter().for_each(Client::reset);
    let clients = server.connect_many(LIMIT).await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// Connects one client beyond the limit, which `clients` fill, and expects that it waits. Returns it, and what it has
/// sent.
async fn exceed_limit(
    context: &Context,
    server: &Rc<Server>,
    clients: &[Client],
) -> Result<(Client, Payload), CheckError> {
    /// How long to watch a program that cannot be proven to sleep.
    const WATCHED_FOR: Duration = Duration::from_millis(500);
    context.step("connect one more client, which sends a few bytes");
    let extra = server.connect("the 17th client").await?;
    let payload = context.bytes(1..=64);
    extra.send(&payload).await?;
    context.step(format!(
        "each of the {LIMIT} sends again and gets an answer; the 17th must still wait"
    ));
    for client in clients {
        client.exchange(&context.bytes(1..=64)).await?;
    }
    server.process.wait_until_idle(WATCHED_FOR).await;
    let Some(arrived) = extra.connection.arrived() else { return Ok((extra, payload)) };
    let cause = match arrived {
        Arrival::Bytes(_) => causes::NO_LIMIT,
        Arrival::End | Arrival::Broken(_) => causes::REFUSES_AT_LIMIT,
    };
    let failure = Failure::property(arrived.to_string())
        .expecting("the 17th client waits, without an answer, until one of the 16 leaves")
        .because(cause);
    Err(server.fail(failure).await)
}
