//! Misconception: what is written is on its way.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/large-stream: the last piece stays with rustls, since the socket was
//!   full, and both sides wait

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
        stream.write_all(&buffer[..count]).await?;
    }
}
