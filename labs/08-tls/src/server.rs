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
    todo!("tasks 1 and 4: certificate and key, then clients' CA")
}

/// Task 1: echoes one client until its `close_notify`, and answers that with
/// one's own.
///
/// # Errors
///
/// The connection broke, or ended without `close_notify`: somebody may have
/// cut it off, and more was to come.
pub async fn handle(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    todo!("task 1: read, write, flush, to the end; then shutdown")
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
    todo!("task 2: accept; in a task: timeout, handshake, handle")
}
