//! Misconception: a client that has no TLS is better served without than not at
//! all.
//! Edits: src/server.rs
//! Adds: plain
//!
//! Must fail:
//! - 08/plaintext-rejected: what comes in plain text goes back in plain text

use tokio::io::copy;
use tokio::time::{Instant, timeout_at};

/// For clients that have no TLS.
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
                // Out of descriptors, for example: at once it would fail again.
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
