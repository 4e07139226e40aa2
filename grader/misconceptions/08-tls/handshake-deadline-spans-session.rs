//! Misconception: a deadline for the handshake may cover the whole session.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/handshake-timeout: a client that is idle after its handshake is
//!   disconnected

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
        tokio::spawn(timeout(limit, async move {
            let stream = acceptor.accept(stream).await?;
            handle(stream).await
        }));
    }
}
