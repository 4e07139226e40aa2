//! Misconception: an old client that the server cannot serve with TLS should
//! still be served.
//! Edits: src/server.rs
//! Adds: plain
//!
//! Must fail:
//! - 08/old-protocols-refused: a client that offers at most TLS 1.1 is served
//!   without TLS

use tokio::io::copy;
use tokio::time::{Instant, timeout_at};

/// For clients without TLS.
async fn plain(mut stream: TcpStream) -> io::Result<()> {
    let (mut input, mut output) = stream.split();
    copy(&mut input, &mut output).await?;
    output.shutdown().await
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
        let acceptor = acceptor.clone();
        let deadline = Instant::now() + limit;
        tokio::spawn(async move {
            let session = async {
                // The client's highest version follows the headers of the
                // record and of the message.
                let mut hello = [0; 11];
                let peeked = timeout_at(deadline, stream.peek(&mut hello));
                let Ok(peeked) = peeked.await else {
                    return Ok(());
                };
                let is_old = hello[0] == 22 && hello[9..] < [3, 3][..];
                if peeked? == hello.len() && is_old {
                    return plain(stream).await;
                }
                let handshake = timeout_at(deadline, acceptor.accept(stream));
                match handshake.await {
                    Ok(accepted) => handle(accepted?).await,
                    Err(elapsed) => Err(elapsed.into()),
                }
            };
            drop(session.await);
        });
    }
}
