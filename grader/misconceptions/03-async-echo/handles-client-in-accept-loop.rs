//! Misconception: an `async fn` runs concurrently as soon as it is called; awaiting it costs
//! nothing.
//!
//! Must fail:
//! - 03/all-open-at-once: the second client is not accepted until the first leaves

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = handle(stream).await;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
