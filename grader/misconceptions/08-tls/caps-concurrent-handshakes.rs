//! Misconception: handshakes cost CPU time, so their number must be limited.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/stalled-handshakes: stalled handshakes cost nothing but hold all the
//!   permits

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

pub async fn serve(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    limit: Duration,
) -> io::Result<()> {
    let acceptor = TlsAcceptor::from(config);
    let permits = Arc::new(Semaphore::new(64));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of descriptors, for example: a retry now would fail, too.
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        let (acceptor, permits) = (acceptor.clone(), Arc::clone(&permits));
        let deadline = Instant::now() + limit;
        tokio::spawn(async move {
            let handshake = async {
                let _permit = permits.acquire().await;
                acceptor.accept(stream).await
            };
            if let Ok(Ok(stream)) = timeout_at(deadline, handshake).await {
                drop(handle(stream).await);
            }
        });
    }
}
