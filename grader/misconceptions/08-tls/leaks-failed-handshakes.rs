//! Misconception: a handshake that failed may be of use to somebody who looks
//! for the reason.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/out-of-descriptors: the clients that have left still hold their
//!   descriptors, so no new one is served
//! - 08/descriptors-return: their sockets stay open

use tokio::sync::Mutex;

pub async fn serve(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    limit: Duration,
) -> io::Result<()> {
    let acceptor = TlsAcceptor::from(config);
    let failed = Arc::new(Mutex::new(Vec::new()));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of descriptors, for example: at once it would fail again.
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        let failed = Arc::clone(&failed);
        let handshake = acceptor.accept(stream).into_fallible();
        let handshake = timeout(limit, handshake);
        tokio::spawn(async move {
            match handshake.await {
                Ok(Ok(stream)) => drop(handle(stream).await),
                Ok(Err((error, mut stream))) => {
                    // The alert is out, and this is the end of it.
                    let _ = stream.shutdown().await;
                    failed.lock().await.push((error, stream));
                }
                Err(_) => {}
            }
        });
    }
}
