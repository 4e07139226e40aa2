//! Misconception: after a failed `accept`, the next call waits for a client.
//!
//! Must fail:
//! - 03/out-of-descriptors: at the limit, `accept` fails in a busy loop

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    }
}
