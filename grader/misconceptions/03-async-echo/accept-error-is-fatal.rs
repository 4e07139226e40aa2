//! Misconception: `accept` fails only when the listener is broken.
//!
//! Must fail:
//! - 03/out-of-descriptors: EMFILE ends the server

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(handle(stream));
    }
}
