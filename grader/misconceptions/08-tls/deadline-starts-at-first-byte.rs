//! Misconception: a handshake begins with its first byte.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/handshake-timeout: who says nothing at all is kept for ever

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
