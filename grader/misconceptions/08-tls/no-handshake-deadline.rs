//! Misconception: every handshake ends sooner or later.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/handshake-timeout: a client that does not continue its handshake is
//!   kept forever

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
                // Out of descriptors, for example: a retry now would fail, too.
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
