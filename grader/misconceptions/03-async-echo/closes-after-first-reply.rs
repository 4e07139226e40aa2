//! Misconception: one read gets a message, one write answers it, and then the client has what it
//! needs.
//!
//! Must fail:
//! - 03/echo-bytes: the second message is not answered

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; 64 * 1024];
    let count = stream.read(&mut buffer).await?;
    stream.write_all(&buffer[..count]).await?;
    Ok(count as u64)
}
