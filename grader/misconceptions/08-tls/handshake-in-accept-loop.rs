//! Misconception: a handshake is a part of accepting.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/stalled-handshakes: nobody is accepted until somebody else has made a
//!   handshake, or 2 s are over

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
        // Nobody can stop the server for longer than that.
        let Ok(Ok(stream)) = timeout(limit, acceptor.accept(stream)).await
        else {
            continue;
        };
        tokio::spawn(handle(stream));
    }
}
