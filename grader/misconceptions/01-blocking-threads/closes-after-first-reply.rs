//! Misconception: a client sends one message, and one read returns it.
//!
//! Must fail:
//! - 01/echo-bytes: after the first answer the connection is closed, and the second piece is not
//!   answered

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut buffer = [0; BUFFER_SIZE];
    let count = stream.read(&mut buffer)?;
    stream.write_all(&buffer[..count])?;
    Ok(count as u64)
}
