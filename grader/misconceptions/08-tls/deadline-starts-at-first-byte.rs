//! Misconception: a handshake begins with its first byte.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/handshake-timeout: a client that sends nothing is kept forever

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
        // ANCHOR: bug
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if stream.peek(&mut [0]).await.is_err() {
                return;
            }
            let handshake = timeout(limit, acceptor.accept(stream));
            if let Ok(Ok(stream)) = handshake.await {
                drop(handle(stream).await);
            }
        });
        // ANCHOR_END: bug
    }
}
