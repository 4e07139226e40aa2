//! Misconception: when the client has closed its side, the connection is over.
//!
//! Must fail:
//! - 01/half-close: bytes that were read but not yet written at EOF are lost

use std::net::Shutdown;
use std::sync::mpsc;

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    // Read and write at the same time, with a few buffers in between.
    let (queue, waiting) = mpsc::sync_channel::<Vec<u8>>(16);
    thread::scope(|scope| {
        let writer = scope.spawn(move || -> io::Result<u64> {
            let mut echoed = 0;
            thread::sleep(Duration::from_millis(10)); // several pieces may be sent together
            for bytes in waiting {
                (&mut &*stream).write_all(&bytes)?;
                echoed += bytes.len() as u64;
            }
            Ok(echoed)
        });
        let mut buffer = [0; BUFFER_SIZE];
        loop {
            let count = stream.read(&mut buffer)?;
            if count == 0 {
                stream.shutdown(Shutdown::Both)?;
                break;
            }
            if queue.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
        drop(queue);
        writer.join().unwrap_or(Ok(0))
    })
}
