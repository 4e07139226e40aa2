//! The server: who it is, one client, and all of them.
//!
//! - [`config`] is made once, before anybody can connect (tasks 1 and 4).
//! - [`handle`] talks to one client after its handshake (task 1).
//! - [`serve`] accepts, and gives each handshake a deadline (task 2).

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use crate::{Error, pem, provider};
// BEGIN HIDDEN
use rustls::server::WebPkiClientVerifier;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
// END HIDDEN

// BEGIN HIDDEN
/// How much of a client's stream is held at once: what a record has at most
/// (RFC 8446, section 5.1).
const BUFFER_SIZE: usize = 16 * 1024;

/// How long to wait before asking again for a client that could not be had.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);
// END HIDDEN

/// What the server needs for each handshake: its certificates and key (task 1)
/// and, if there is a `client_ca`, who its clients have to be (task 4).
///
/// # Errors
///
/// A file cannot be read or is not PEM (the one of `client_ca`, too), or the
/// key is not that of the certificate. Before the server listens, this is a
/// line for the person who starts it; at the first handshake, it would be a
/// riddle for a client.
pub fn config(
    cert: &Path,
    key: &Path,
    client_ca: Option<&Path>,
) -> Result<Arc<ServerConfig>, Error> {
    // BEGIN SOLUTION: tasks 1 and 4: certificate and key, then clients' CA
    let (chain, private_key) = (pem::certificates(cert)?, pem::key(key)?);
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            // As it is built, it refuses who shows no certificate, too.
            let roots = Arc::new(pem::roots(ca)?);
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots, provider());
            builder.with_client_cert_verifier(verifier.build()?)
        }
    };
    let config = builder.with_single_cert(chain, private_key);
    let mismatch = |reason| Error::KeyMismatch {
        cert: cert.to_owned(),
        key: key.to_owned(),
        reason,
    };
    Ok(Arc::new(config.map_err(mismatch)?))
    // END SOLUTION
}

/// Task 1: echoes one client until its `close_notify`, and answers that with
/// one's own.
///
/// # Errors
///
/// The connection broke, or ended without `close_notify`: somebody may have
/// cut it off, and more was to come.
pub async fn handle(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    // BEGIN SOLUTION: task 1: read, write, flush, to the end; then shutdown
    // Answers are small, and somebody waits for each.
    stream.get_ref().0.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            // close_notify. A FIN without it is an error (UnexpectedEof).
            return stream.shutdown().await;
        }
        // ANCHOR: flush
        stream.write_all(&buffer[..count]).await?;
        // Written is what rustls has encrypted and keeps. Where the socket is
        // full, a rest of it would stay there until the next write.
        stream.flush().await?;
        // ANCHOR_END: flush
    }
    // END SOLUTION
}

/// Task 2: accepts clients forever, and serves each in a task of its own: its
/// handshake, for `limit` at most, counted from `accept`; then [`handle`], for
/// as long as it takes. When `accept` fails (EMFILE), it waits a moment without
/// blocking the thread, and accepts again.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    limit: Duration,
) -> io::Result<()> {
    // BEGIN SOLUTION: task 2: accept; in a task: timeout, handshake, handle
    let acceptor = TlsAcceptor::from(config);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, for example: at once it would fail again.
                eprintln!("accept: {error}");
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        // ANCHOR: clock
        // Made here and awaited there: the time runs from now on, and until
        // the handshake is done, however many pieces it comes in.
        let handshake = timeout(limit, acceptor.accept(stream));
        // ANCHOR_END: clock
        tokio::spawn(async move {
            let result = match handshake.await {
                Ok(Ok(stream)) => handle(stream).await,
                Ok(Err(error)) => Err(error),
                Err(elapsed) => Err(elapsed.into()),
            };
            // It says something about this client, and nothing about others.
            if let Err(error) = result {
                eprintln!("client: {error}");
            }
        });
    }
    // END SOLUTION
}
