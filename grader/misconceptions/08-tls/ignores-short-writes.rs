//! Misconception: `write` writes everything it is given.
//! Edits: src/server.rs
//! Nondeterministic: rustls has space for everything while the client reads fast enough
//!
//! Must fail:
//! - 08/large-stream: for a client that does not read yet, rustls takes only what fits into its
//!   buffer, and the rest is lost

pub async fn handle(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    // Answers are small, and a client waits for each.
    stream.get_ref().0.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            // close_notify. A FIN without it is an error (UnexpectedEof).
            return stream.shutdown().await;
        }
        let _ = stream.write(&buffer[..count]).await?;
    }
}
