//! Misconception: written bytes are on their way.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/large-stream: because the socket was full, the last bytes stay in
//!   rustls, and both sides wait

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
        stream.write_all(&buffer[..count]).await?;
    }
}
