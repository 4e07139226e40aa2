//! Misconception: a lock that guards statistics may be held during the write.
//! Adds: ECHOED
//!
//! Must fail:
//! - 01/slow-reader: the thread that writes to the stalled client holds the lock, and all others
//!   wait for it

// ANCHOR: bug
static ECHOED: Mutex<u64> = Mutex::new(0);

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut buffer = [0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(echoed);
        }
        let mut total = ECHOED.lock().unwrap();
        stream.write_all(&buffer[..count])?;
        *total += count as u64;
        echoed += count as u64;
    }
}
// ANCHOR_END: bug
