//! Misconception: a client sends one message, and one read returns it.
//!
//! Must fail:
//! - 01/echo-bytes: the server closes after its first answer and never answers the second piece

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut buffer = [0; BUFFER_SIZE];
    let count = stream.read(&mut buffer)?;
    stream.write_all(&buffer[..count])?;
    Ok(count as u64)
}
