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
    todo!("tasks 3 and 4: roots, then certificate and key")
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
    todo!("task 3: handshake, then send and receive side by side")
}
