//! Misconception: after a failed `accept` the next one waits for the next client.
//!
//! Must fail:
//! - 03/out-of-descriptors: at the limit it fails at once, again and again

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    }
}
