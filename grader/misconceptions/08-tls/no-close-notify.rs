//! Misconception: when the stream is dropped, the client sees the end.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/close-notify: the connection ends by a FIN that anybody could have sent

pub async fn handle(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    // Answers are small, and somebody waits for each.
    stream.get_ref().0.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
        // Written is what rustls has encrypted and keeps. Where the socket is
        // full, a rest of it would stay there until the next write.
        stream.flush().await?;
    }
}
