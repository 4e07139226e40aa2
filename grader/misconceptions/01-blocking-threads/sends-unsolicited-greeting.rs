//! Misconception: a server introduces itself before the client sends anything.
//!
//! Must fail:
//! - 01/empty-session: the client that sends nothing gets a greeting before EOF
//! - 01/echo-bytes: the greeting arrives before the echo

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    stream.write_all(b"welcome\r\n")?;
    let mut buffer = [0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(echoed);
        }
        stream.write_all(&buffer[..count])?;
        echoed += count as u64;
    }
}
