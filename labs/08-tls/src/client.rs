//! The client: whom it trusts, and a conversation.
//!
//! - [`config`] says whose certificates are believed (task 3), and what one
//!   shows of oneself (task 4).
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

/// Whom the client trusts: the certificates in `ca`, and no others (task 3);
/// and who it is itself, a certificate and its key, for a server that asks
/// (task 4).
///
/// # Errors
///
/// A file is not what it should be, or the key is not that of the certificate.
pub fn config(
    ca: &Path,
    identity: Option<(&Path, &Path)>,
) -> Result<Arc<ClientConfig>, Error> {
    todo!("tasks 3 and 4: roots, then certificate and key")
}

/// Task 3: connects to `addr`, makes sure that `name` is who answers, sends
/// what `input` gives, and writes to `output` what comes back, each as soon as
/// it is there and both at the same time.
///
/// At the end of the input it sends `close_notify` and goes on until the
/// server's has come.
///
/// # Errors
///
/// Nobody listens at `addr`; the server could not prove that it is `name`, and
/// then nothing of the input has been sent; or the connection broke, or ended
/// without `close_notify`. What had come until then is written.
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
