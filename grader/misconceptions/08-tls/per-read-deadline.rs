//! Misconception: a peer that sends something is alive.
//! Edits: src/server.rs
//! Adds: Patient, impl AsyncRead for Patient, impl AsyncWrite for Patient
//!
//! Must fail:
//! - 08/handshake-timeout: an occasional byte keeps a handshake open forever

use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

pub async fn handle(mut stream: TlsStream<Patient>) -> io::Result<()> {
    // Answers are small, and a client waits for each.
    stream.get_ref().0.stream.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            // close_notify. A FIN without it is an error (UnexpectedEof).
            return stream.shutdown().await;
        }
        stream.write_all(&buffer[..count]).await?;
        // After `write_all`, rustls holds the encrypted bytes. If the socket
        // is full, some would stay there until the next write.
        stream.flush().await?;
    }
}

/// A stream whose peer must send bytes from time to time.
pub struct Patient {
    stream: TcpStream,
    limit: Duration,
    /// Expires when the peer is silent; `None` after the handshake.
    timer: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let limit = self.limit;
        let Some(timer) = &mut self.timer else {
            return read;
        };
        if read.is_ready() {
            timer.as_mut().reset(Instant::now() + limit);
        } else if timer.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

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
                // Out of descriptors, for example: a retry now would fail, too.
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        let handshake = acceptor.accept(Patient {
            stream,
            limit,
            timer: Some(Box::pin(sleep(limit))),
        });
        tokio::spawn(async move {
            if let Ok(mut stream) = handshake.await {
                stream.get_mut().0.timer = None;
                drop(handle(stream).await);
            }
        });
    }
}
