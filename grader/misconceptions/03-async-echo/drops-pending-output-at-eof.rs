//! Misconception: it pays to wait two milliseconds and then write more with one
//! call.
//! Adds: PATIENCE
//!
//! Must fail:
//! - 03/half-close: bytes that still wait at EOF are lost

use tokio::time::{Instant, sleep_until};

const PATIENCE: Duration = Duration::from_millis(2);

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut batch = Vec::new();
    let mut due = Instant::now();
    let mut echoed = 0;
    loop {
        tokio::select! {
            count = stream.read(&mut buffer) => {
                let count = count?;
                if count == 0 {
                    return Ok(echoed);
                }
                if batch.is_empty() {
                    due = Instant::now() + PATIENCE;
                }
                batch.extend_from_slice(&buffer[..count]);
                echoed += count as u64;
            }
            () = sleep_until(due), if !batch.is_empty() => {
                stream.write_all(&batch).await?;
                batch.clear();
            }
        }
    }
}
