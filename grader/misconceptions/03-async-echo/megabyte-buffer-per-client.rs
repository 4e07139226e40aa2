//! Misconception: a large buffer makes a server fast.
//!
//! Must fail:
//! - 03/memory-per-connection: each task begins with a megabyte of zeros

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = [0; 1024 * 1024];
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
