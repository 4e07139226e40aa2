//! Misconception: a handshake is a part of accepting.
//!
//! In place of: src/server.rs
//!
//! Must fail:
//! - 08/stalled-handshakes: nobody is accepted until somebody else has made a
//!   handshake, or 2 s are over

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use crate::{Error, pem, provider};
use rustls::server::WebPkiClientVerifier;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// How much of a client's stream is held at once: what a record has at most
/// (RFC 8446, section 5.1).
const BUFFER_SIZE: usize = 16 * 1024;

/// How long to wait before asking again for a client that could not be had.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);

/// What the server needs for each handshake: its certificates and key (task 1)
/// and, if there is a `client_ca`, who its clients have to be (task 4).
///
/// # Errors
///
/// A file is not what it should be, or the key is not that of the certificate.
/// Said before the server listens, this is a line for whoever starts it; said
/// at the first handshake, it would be a riddle for a client.
pub fn config(
    cert: &Path,
    key: &Path,
    client_ca: Option<&Path>,
) -> Result<Arc<ServerConfig>, Error> {
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
}

/// Task 1: echoes one client until its `close_notify`, and answers that with
/// one's own.
///
/// # Errors
///
/// The connection broke, or ended without `close_notify`: somebody may have
/// cut it off, and more was to come.
pub async fn handle(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    // Answers are small, and somebody waits for each.
    stream.get_ref().0.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            // close_notify. A FIN without it is an error (UnexpectedEof).
            return stream.shutdown().await;
        }
        stream.write_all(&buffer[..count]).await?;
        // Written is what rustls has encrypted and keeps. Where the socket is
        // full, a rest of it would stay there until the next write.
        stream.flush().await?;
    }
}

/// Task 2: accepts clients for ever, and serves each in a task of its own: its
/// handshake, for `limit` at most, counted from `accept`; then [`handle`], for
/// as long as it takes.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    limit: Duration,
) -> io::Result<()> {
    let acceptor = TlsAcceptor::from(config);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of descriptors, for example: at once it would fail again.
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        // Nobody can stop the server for longer than that.
        let Ok(Ok(stream)) = timeout(limit, acceptor.accept(stream)).await
        else {
            continue;
        };
        tokio::spawn(handle(stream));
    }
}
