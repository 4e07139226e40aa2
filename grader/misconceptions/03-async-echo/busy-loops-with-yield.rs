//! Misconception: a loop that yields is not a busy loop.
//!
//! Must fail:
//! - 03/idle-is-idle: it tries each client again and again, and uses a whole
//!   CPU

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        match stream.try_read(&mut buffer) {
            Ok(0) => return Ok(echoed),
            Ok(count) => {
                stream.write_all(&buffer[..count]).await?;
                echoed += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::task::yield_now().await;
            }
            Err(error) => return Err(error),
        }
    }
}
