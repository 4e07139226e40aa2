//! Misconception: serving a client without TLS is better than not serving it.
//! Edits: src/server.rs
//! Adds: plain
//!
//! Must fail:
//! - 08/plaintext-rejected: plain text is echoed as plain text

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
        let deadline = Instant::now() + limit;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let mut first = [0];
            let session = async {
                let peeked = timeout_at(deadline, stream.peek(&mut first));
                let Ok(peeked) = peeked.await else {
                    return Ok(());
                };
                // 22 is the type of a handshake record.
                if peeked? > 0 && first != [22] {
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
