//! Misconception: the handshake is part of accepting.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/stalled-handshakes: no client is accepted until the previous handshake
//!   ends or 2 s have passed

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
        // No client can block the server for longer than `limit`.
        let Ok(Ok(stream)) = timeout(limit, acceptor.accept(stream)).await
        else {
            continue;
        };
        tokio::spawn(handle(stream));
    }
}
