//! Misconception: `read` fills the buffer.
//!
//! Must fail:
//! - 01/echo-bytes: the echo continues with bytes that were already in the buffer

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut buffer = [0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(echoed);
        }
        stream.write_all(&buffer)?;
        echoed += count as u64;
    }
}
