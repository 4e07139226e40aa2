//! Misconception: `write` writes everything it is given.
//!
//! Must fail:
//! - 03/half-close: a client that does not read yet fills its socket; bytes that a write did not
//!   take are lost
//! - 03/large-stream: the same, while a client sends much

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(echoed);
        }
        let _ = stream.write(&buffer[..count]).await?;
        echoed += count as u64;
    }
}
