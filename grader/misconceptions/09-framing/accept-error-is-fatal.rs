//! Misconception: when `accept` fails, the listener is broken.
//!
//! Must fail:
//! - 09/out-of-descriptors: running out of descriptors for a moment ends the
//!   server

pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = handle(stream, &limits).await {
                eprintln!("client: {error}");
            }
        });
    }
}
