//! The clients of this lab's checks: with TLS, without, and in between.

use std::rc::Rc;

use engine::drive::pki::Identity;
use engine::drive::{BufferSize, Client, Connection, Server, Start};
use engine::verdict::CheckError;

use super::protocol::{ONLY_12, Versions, secure};
use super::records::client_hello;

/// A server with a handshake timeout that no handshake reaches, on any machine.
pub(super) const GENEROUS: Start =
    Start { flags: &["--handshake-timeout-ms", "60000"], ..Start::PLAIN };

/// How far a client of [`connect_stalled`] gets in its handshake.
pub(super) const STAGES: [&str; 3] = ["nothing", "half a ClientHello", "a whole ClientHello"];

/// The versions that a client offers, as reports name them.
pub(super) fn versions_text(versions: Versions) -> &'static str {
    match versions {
        [one] if *one == ONLY_12[0] => "TLS 1.2",
        [_] => "TLS 1.3",
        _ => "TLS 1.2 or 1.3",
    }
}

/// Connects a client that offers `versions` and is `identity`.
pub(super) async fn connect(
    server: &Rc<Server>,
    name: &str,
    versions: Versions,
    identity: Identity,
) -> Result<Client, CheckError> {
    let pki = server.context().pki()?;
    let secured = async {
        let journal = server.context().journal();
        let connection = Connection::open(journal, server.address(), BufferSize::Default).await?;
        secure(&pki, connection, versions, identity).await
    };
    let expected = format!("{name} completes a handshake over {}", versions_text(versions));
    let connection = server.wait(None, &expected, secured).await?;
    Ok(server.client(name, connection))
}

/// Connects a client that has sent no TLS record.
pub(super) async fn connect_plain(server: &Rc<Server>, name: &str) -> Result<Client, CheckError> {
    server.connect_plain(name, BufferSize::Default).await
}

/// Connects a client that stops at the stage `index % 3` of [`STAGES`].
pub(super) async fn connect_stalled(
    server: &Rc<Server>,
    index: usize,
) -> Result<Client, CheckError> {
    let client = connect_plain(server, &format!("client {}", index + 1)).await?;
    let hello = client_hello(server.context())?;
    let length = [0, hello.len() / 2, hello.len()][index % STAGES.len()];
    client.send(&hello[..length].to_vec().into()).await?;
    Ok(client)
}
