//! Misconception: when the stream is dropped, the client sees EOF.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/close-notify: the connection ends with a FIN, which anyone could have
//!   sent

pub async fn handle(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    // Answers are small, and a client waits for each.
    stream.get_ref().0.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
        // After `write_all`, rustls holds the encrypted bytes. If the socket
        // is full, some would stay there until the next write.
        stream.flush().await?;
    }
}
