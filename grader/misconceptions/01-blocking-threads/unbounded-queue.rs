//! Misconception: two threads with a queue between them are the best way to read and write.
//!
//! Must fail:
//! - 01/large-stream: the queue has no bound, so whatever a client does not read piles up in memory

use std::sync::mpsc;

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let (queue, waiting) = mpsc::channel::<Vec<u8>>();
    thread::scope(|scope| {
        let writer = scope.spawn(move || -> io::Result<u64> {
            let mut echoed = 0;
            for bytes in waiting {
                (&mut &*stream).write_all(&bytes)?;
                echoed += bytes.len() as u64;
            }
            Ok(echoed)
        });
        let mut buffer = [0; BUFFER_SIZE];
        loop {
            let count = stream.read(&mut buffer).unwrap_or(0);
            if count == 0 || queue.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
        drop(queue);
        writer.join().unwrap_or(Ok(0))
    })
}
