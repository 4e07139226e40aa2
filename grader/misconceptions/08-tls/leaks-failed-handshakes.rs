//! Misconception: failed handshakes should be kept, to find the reason later.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/out-of-descriptors: clients that have left still hold descriptors, so
//!   no new client is served
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
                // Out of descriptors, for example: a retry now would fail, too.
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
                    // The alert has been sent; close cleanly.
                    let _ = stream.shutdown().await;
                    failed.lock().await.push((error, stream));
                }
                Err(_) => {}
            }
        });
    }
}
