//! Misconception: an answer is given when the question is complete, at the end of the input.
//!
//! Must fail:
//! - 01/echo-bytes: the client that waits for its echo before it goes on waits for ever

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    stream.write_all(&all)?;
    Ok(all.len() as u64)
}
