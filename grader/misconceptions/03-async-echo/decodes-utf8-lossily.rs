//! Misconception: clients send text.
//!
//! Must fail:
//! - 03/echo-bytes: bytes that are not UTF-8 are echoed as U+FFFD

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(echoed);
        }
        let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
        stream.write_all(text.as_bytes()).await?;
        echoed += count as u64;
    }
}
