//! Misconception: a server introduces itself before the client has said anything.
//!
//! Must fail:
//! - 01/empty-session: the client that says nothing gets the greeting, where it should get the end
//!   alone
//! - 01/echo-bytes: the greeting comes before the echo

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
