//! Misconception: `write` writes what it is given.
//! Edits: src/server.rs
//! Nondeterministic: rustls has room for everything as long as the client reads fast enough
//!
//! Must fail:
//! - 08/large-stream: of a client that does not read yet, rustls takes only as
//!   much as it has room for, and the rest is lost

pub async fn handle(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    // Answers are small, and somebody waits for each.
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
