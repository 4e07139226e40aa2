//! Misconception: a handshake comes to an end by itself.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/handshake-timeout: who does not go on with it is kept for ever

pub async fn serve(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    _limit: Duration,
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
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                drop(handle(stream).await);
            }
        });
    }
}
