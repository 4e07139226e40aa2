//! Misconception: when `accept` fails, the listener is broken.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/out-of-descriptors: running out of descriptors for a moment ends the
//!   server

pub async fn serve(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    limit: Duration,
) -> io::Result<()> {
    let acceptor = TlsAcceptor::from(config);
    loop {
        let (stream, _) = listener.accept().await?;
        let handshake = timeout(limit, acceptor.accept(stream));
        tokio::spawn(async move {
            let result = match handshake.await {
                Ok(Ok(stream)) => handle(stream).await,
                Ok(Err(error)) => Err(error),
                Err(elapsed) => Err(elapsed.into()),
            };
            // This concerns only this client.
            if let Err(error) = result {
                eprintln!("client: {error}");
            }
        });
    }
}
