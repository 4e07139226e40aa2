//! Misconception: a server says hello first.
//!
//! Must fail:
//! - 03/empty-session: the client that sends nothing gets a greeting before EOF
//! - 03/echo-bytes: the greeting arrives before the echo

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    stream.write_all(b"welcome\n").await?;
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(echoed);
        }
        stream.write_all(&buffer[..count]).await?;
        echoed += count as u64;
    }
}
