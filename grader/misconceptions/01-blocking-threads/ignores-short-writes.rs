//! Misconception: `write` writes everything it is given.
//!
//! Must fail:
//! - 01/large-stream: a blocked write that a signal interrupts returns early, and the rest of the
//!   buffer is lost

#[expect(clippy::unused_io_amount, reason = "this is the mistake")]
pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut buffer = [0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(echoed);
        }
        stream.write(&buffer[..count])?;
        echoed += count as u64;
    }
}
