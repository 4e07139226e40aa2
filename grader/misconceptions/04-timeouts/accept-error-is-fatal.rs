//! Misconception: when `accept` fails, the listener is broken.
//!
//! Must fail:
//! - 04/out-of-descriptors: running out of descriptors for a moment ends the
//!   server

pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = handle(&mut stream, &limits).await {
                eprintln!("client: {error}");
            }
        });
    }
}
