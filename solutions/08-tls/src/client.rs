//! The client.
//!
//! - [`config`] sets which certificates the client trusts (task 3), and which
//!   one it shows (task 4).
//! - [`connect`] is lab 03's, over TLS (task 3).

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Error, pem, provider};
// BEGIN HIDDEN
use tokio::io::{copy, split};
use tokio_rustls::TlsConnector;
// END HIDDEN

// BEGIN HIDDEN
/// The size of the read buffer: that of the largest record (RFC 8446,
/// section 5.1).
const BUFFER_SIZE: usize = 16 * 1024;
// END HIDDEN

/// Configures the client. It trusts only the certificates in `ca` (task 3).
/// `identity` is its own certificate and key, for a server that asks for one
/// (task 4).
///
/// # Errors
///
/// A file is invalid, or the key does not belong to the certificate.
pub fn config(
    ca: &Path,
    identity: Option<(&Path, &Path)>,
) -> Result<Arc<ClientConfig>, Error> {
    // BEGIN SOLUTION: tasks 3 and 4: roots, then certificate and key
    // ANCHOR: trust
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(pem::roots(ca)?);
    let Some((cert, key)) = identity else {
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    // ANCHOR_END: trust
    let (chain, private_key) = (pem::certificates(cert)?, pem::key(key)?);
    let config = builder.with_client_auth_cert(chain, private_key);
    let mismatch = |reason| Error::KeyMismatch {
        cert: cert.to_owned(),
        key: key.to_owned(),
        reason,
    };
    Ok(Arc::new(config.map_err(mismatch)?))
    // END SOLUTION
}

/// Task 3: connects to `addr`, verifies that the server is `name`, sends what
/// it reads from `input`, and writes what it receives to `output`. Both
/// directions run at the same time, and pass bytes on as soon as they arrive.
///
/// At the end of the input, it sends `close_notify` and continues until the
/// server's arrives.
///
/// # Errors
///
/// - No server listens at `addr`.
/// - The server did not prove that it is `name`. Then no input was sent.
/// - The connection broke, or ended without `close_notify`. What arrived
///   before that is written.
pub async fn connect<I, O>(
    addr: SocketAddr,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
    mut input: I,
    mut output: O,
) -> io::Result<()>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    // BEGIN SOLUTION: task 3: handshake, then send and receive side by side
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    // Finishes only once chain, dates and name are verified.
    let stream = TlsConnector::from(config).connect(name, stream).await?;
    let (mut from_server, mut to_server) = split(stream);
    let send = async {
        // `copy` flushes each time it has to wait for more.
        let copied = copy(&mut input, &mut to_server).await;
        // Sends close_notify. Only this direction ends.
        to_server.shutdown().await.and(copied)
    };
    let receive = async {
        let mut buffer = vec![0; BUFFER_SIZE];
        loop {
            let count = from_server.read(&mut buffer).await?;
            if count == 0 {
                // close_notify. A FIN without it is an error (UnexpectedEof).
                return Ok(());
            }
            // Print these before the next read, which may fail.
            output.write_all(&buffer[..count]).await?;
            output.flush().await?;
        }
    };
    tokio::pin!(receive);
    let (sent, received) = tokio::select! {
        // The server will not read the remaining input.
        received = &mut receive => (Ok(0), received),
        // If sending fails, the server's last bytes may still arrive.
        sent = send => (sent, receive.await),
    };
    if received.is_ok() {
        // Each side sends close_notify, even if the other did so first.
        let _ = to_server.shutdown().await;
    }
    // The server's alert says more than the broken pipe that it caused.
    received.and(sent.map(drop))
    // END SOLUTION
}
