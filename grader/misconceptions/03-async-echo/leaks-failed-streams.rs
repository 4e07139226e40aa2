//! Misconception: failed streams should be kept for later inspection.
//! Adds: FAILED, echo
//!
//! Must fail:
//! - 03/descriptors-return: each reset leaves a descriptor open

use std::sync::Mutex;

static FAILED: Mutex<Vec<TcpStream>> = Mutex::new(Vec::new());

async fn echo(stream: &mut TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(echoed);
        }
        stream.write_all(&buffer[..count]).await?;
        echoed += count as u64;
    }
}

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let result = echo(&mut stream).await;
    if result.is_err() {
        FAILED.lock().unwrap().push(stream);
    }
    result
}
