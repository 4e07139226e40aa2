//! Misconception: holding an async lock across an `.await` is harmless: that is its purpose.
//! Adds: ECHOED
//!
//! Must fail:
//! - 03/slow-reader: the task that writes to the stalled client holds the lock, and all others wait
//!   for it

use tokio::sync::Mutex;

static ECHOED: Mutex<u64> = Mutex::const_new(0);

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut echoed = 0;
    // ANCHOR: bug
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(echoed);
        }
        let mut total = ECHOED.lock().await;
        stream.write_all(&buffer[..count]).await?;
        *total += count as u64;
        echoed += count as u64;
    }
    // ANCHOR_END: bug
}
