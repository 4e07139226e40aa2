//! The server.
//!
//! - [`config`] runs once, before any client can connect (tasks 1 and 4).
//! - [`handle`] serves one client after its handshake (task 1).
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
/// The size of the read buffer: that of the largest record (RFC 8446,
/// section 5.1).
const BUFFER_SIZE: usize = 16 * 1024;

/// How long to pause after `accept` has failed.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);
// END HIDDEN

/// Configures every handshake: the server's certificates and key (task 1) and,
/// with `client_ca`, the CA for its clients' certificates (task 4).
///
/// # Errors
///
/// A file cannot be read or is not PEM (`client_ca`, too), or the key does not
/// belong to the certificate. Reported before the server listens, this helps
/// the person who starts it; at the first handshake, it would only puzzle
/// a client.
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
            // By default, it also refuses clients without a certificate.
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

/// Task 1: echoes one client until its `close_notify`, then sends its own.
///
/// # Errors
///
/// The connection broke, or ended without `close_notify`: then an attacker may
/// have cut it off before the client's last bytes.
pub async fn handle(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    // BEGIN SOLUTION: task 1: read, write, flush, until EOF; then shutdown
    // Answers are small, and a client waits for each.
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
        // After `write_all`, rustls holds the encrypted bytes. If the socket
        // is full, some would stay there until the next write.
        stream.flush().await?;
        // ANCHOR_END: flush
    }
    // END SOLUTION
}

/// Task 2: accepts clients forever, and serves each in its own task: first the
/// handshake, at most `limit` from `accept`; then [`handle`], without a limit.
/// When `accept` fails (EMFILE), waits a moment without blocking the thread,
/// then accepts again.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
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
                // Out of descriptors, for example: a retry now would fail, too.
                eprintln!("accept: {error}");
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        // ANCHOR: clock
        // Made here, awaited in the task: the clock runs from now until the
        // handshake is done, however many pieces it arrives in.
        let handshake = timeout(limit, acceptor.accept(stream));
        // ANCHOR_END: clock
        tokio::spawn(async move {
            let result = match handshake.await {
                Ok(Ok(stream)) => handle(stream).await,
                Ok(Err(error)) => Err(error),
                Err(elapsed) => Err(elapsed.into()),
            };
            // This concerns only this client.
            if let Err(error) = result {
                eprintln!("client: {error}");
            }
        });
    }
    // END SOLUTION
}
