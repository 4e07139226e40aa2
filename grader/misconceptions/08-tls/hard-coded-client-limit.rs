//! Misconception: a server must limit how many clients it serves at the same
//! time.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/all-open-at-once: the 101st client waits until another leaves

use tokio::sync::Semaphore;

pub async fn serve(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    limit: Duration,
) -> io::Result<()> {
    let acceptor = TlsAcceptor::from(config);
    let permits = Arc::new(Semaphore::new(100));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of descriptors, for example: a retry now would fail, too.
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        let permits = Arc::clone(&permits);
        let handshake = timeout(limit, acceptor.accept(stream));
        tokio::spawn(async move {
            if let Ok(Ok(stream)) = handshake.await {
                let _permit = permits.acquire().await;
                drop(handle(stream).await);
            }
        });
    }
}
