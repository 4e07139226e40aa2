//! Misconception: each wait has its own deadline.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/handshake-timeout: a client that sends ClientHello at the last moment,
//!   and nothing more, gets twice the time

use rustls::server::Acceptor;
use tokio_rustls::LazyConfigAcceptor;

pub async fn serve(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    limit: Duration,
) -> io::Result<()> {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of descriptors, for example: a retry now would fail, too.
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        let config = Arc::clone(&config);
        tokio::spawn(async move {
            let hello = LazyConfigAcceptor::new(Acceptor::default(), stream);
            let Ok(Ok(hello)) = timeout(limit, hello).await else {
                return;
            };
            let handshake = timeout(limit, hello.into_stream(config));
            if let Ok(Ok(stream)) = handshake.await {
                drop(handle(stream).await);
            }
        });
    }
}
