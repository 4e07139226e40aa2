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
    todo!("tasks 1 and 4: certificate and key, then clients' CA")
}

/// Task 1: echoes one client until its `close_notify`, then sends its own.
///
/// # Errors
///
/// The connection broke, or ended without `close_notify`: then an attacker may
/// have cut it off before the client's last bytes.
pub async fn handle(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    todo!("task 1: read, write, flush, until EOF; then shutdown")
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
    todo!("task 2: accept; in a task: timeout, handshake, handle")
}
