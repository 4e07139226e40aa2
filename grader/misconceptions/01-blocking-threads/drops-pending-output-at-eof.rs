//! Misconception: when the client has closed its side, the connection is over.
//!
//! Must fail:
//! - 01/half-close: what was read and not yet written when the end of the input came is lost

use std::net::Shutdown;
use std::sync::mpsc;

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    // Reading and writing at the same time, with a few buffers between.
    let (queue, waiting) = mpsc::sync_channel::<Vec<u8>>(16);
    thread::scope(|scope| {
        let writer = scope.spawn(move || -> io::Result<u64> {
            let mut echoed = 0;
            thread::sleep(Duration::from_millis(10)); // some of it may be sent together
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
