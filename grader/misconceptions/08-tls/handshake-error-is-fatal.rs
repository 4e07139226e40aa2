//! Misconception: an error that nobody has thought of should not be hidden.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/plaintext-rejected: the first client without TLS ends the server
//! - 08/old-protocols-refused: so does one with an old version
//! - 08/handshake-timeout: so does one whose time is over
//! - 08/descriptors-return: so does any that fails
//! - 08/mutual-tls: so does one with a bad certificate

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
            // No client is left unobserved.
            Some(ended) = clients.join_next() => {
                ended??;
                continue;
            }
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of descriptors, for example: at once it would fail again.
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        let handshake = timeout(limit, acceptor.accept(stream));
        clients.spawn(async move {
            let stream = handshake.await??;
            // What comes later is the client's affair.
            drop(handle(stream).await);
            io::Result::Ok(())
        });
    }
}
