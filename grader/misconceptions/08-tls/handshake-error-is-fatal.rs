//! Misconception: an unexpected error must not be hidden.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/plaintext-rejected: the first client without TLS ends the server
//! - 08/old-protocols-refused: a client with an old version ends the server
//! - 08/handshake-timeout: an expired handshake ends the server
//! - 08/descriptors-return: any failed handshake ends the server
//! - 08/mutual-tls: a bad certificate ends the server

use tokio::task::JoinSet;

pub async fn serve(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    limit: Duration,
) -> io::Result<()> {
    let acceptor = TlsAcceptor::from(config);
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Observe how every client ends.
            Some(ended) = clients.join_next() => {
                ended??;
                continue;
            }
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of descriptors, for example: a retry now would fail, too.
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        let handshake = timeout(limit, acceptor.accept(stream));
        clients.spawn(async move {
            let stream = handshake.await??;
            // Errors after the handshake concern only the client.
            drop(handle(stream).await);
            io::Result::Ok(())
        });
    }
}
