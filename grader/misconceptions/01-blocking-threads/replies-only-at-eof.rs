//! Misconception: the server answers when the question is complete, at EOF.
//!
//! Must fail:
//! - 01/echo-bytes: a client that waits for its echo before it sends more waits forever

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    stream.write_all(&all)?;
    Ok(all.len() as u64)
}
