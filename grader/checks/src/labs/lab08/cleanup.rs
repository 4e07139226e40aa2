//! Task 2: what clients leave behind.

use std::rc::Rc;

use engine::drive::{Server, Start, Trial, try_join_bounded};
use engine::verdict::CheckError;

use super::clients::{connect_plain, connect_stalled};
use super::records::legacy_client_hello;
use crate::scenarios::resources;

/// The descriptor count is as before once all clients have left, however their handshakes ended.
pub(super) async fn descriptors_return(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 400;
    let server = trial.start(&Start::PLAIN).await?;
    let visits = async || {
        trial.step(format!(
            "{CLIENTS} clients connect and leave: after some bytes over TLS, in the middle of the handshake, \
             without TLS or with an old version"
        ));
        let visits = (0..CLIENTS).map(|index| connect_and_leave(trial, &server, index));
        try_join_bounded(visits).await.map(drop)
    };
    resources::expect_descriptors_to_return(&server, trial, "400 clients", visits).await?;
    trial.step("a new client must be served");
    server.still_serves("the new client").await.map(drop)
}

/// Connects a client that leaves again; how far it gets and how it leaves depend on `index`.
async fn connect_and_leave(
    trial: &Trial,
    server: &Rc<Server>,
    index: usize,
) -> Result<(), CheckError> {
    const KINDS: usize = 6;
    let client = match index % KINDS {
        0 => {
            let client = server.serve_new_client("a client").await?;
            client.connection.half_close();
            // Other checks test how it ends.
            client.ending().await?;
            return Ok(());
        }
        1 => server.serve_new_client("a client").await?,
        2 => {
            let client = connect_plain(server, "a client without TLS").await?;
            client.send(&trial.line()).await?;
            client
        }
        3 => {
            let client = connect_plain(server, "a client of TLS 1.1").await?;
            client.send(&legacy_client_hello(trial, 2).into()).await?;
            client
        }
        other => connect_stalled(server, other).await?,
    };
    if index.is_multiple_of(5) {
        drop(client);
    } else {
        client.reset(); // Rule R7: no TIME_WAIT
    }
    Ok(())
}
