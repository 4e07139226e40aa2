//! Misconception: polling with a short sleep costs nothing.
//!
//! Must fail:
//! - 03/idle-is-idle: it wakes up 100 times a second although no client sends

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut echoed = 0;
    // ANCHOR: asks
    loop {
        match stream.try_read(&mut buffer) {
            Ok(0) => return Ok(echoed),
            Ok(count) => {
                stream.write_all(&buffer[..count]).await?;
                echoed += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                sleep(Duration::from_millis(10)).await;
            }
            Err(error) => return Err(error),
        }
    }
    // ANCHOR_END: asks
}
