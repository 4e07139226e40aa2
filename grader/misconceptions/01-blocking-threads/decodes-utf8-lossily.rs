//! Misconception: clients send text.
//!
//! Must fail:
//! - 01/echo-bytes: bytes that are not UTF-8 are echoed as U+FFFD

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut buffer = [0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(echoed);
        }
        let text = String::from_utf8_lossy(&buffer[..count]);
        stream.write_all(text.as_bytes())?;
        echoed += count as u64;
    }
}
