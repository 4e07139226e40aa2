//! Misconception: when the client has closed its side, the connection is over.
//!
//! Must fail:
//! - 01/half-close: what was read and not yet written when the end of the input came is lost

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

pub struct Options {
    pub max_connections: usize,
}

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
        let mut buffer = [0; 16 * 1024];
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

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Arc::new((Mutex::new(options.max_connections), Condvar::new()));
    loop {
        let slot = Slot::take(&slots);
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        thread::spawn(move || {
            let _slot = slot;
            if let Err(error) = handle(&stream) {
                eprintln!("client: {error}");
            }
        });
    }
}

/// The right to serve one client. Dropping it gives the slot back.
struct Slot(Arc<(Mutex<usize>, Condvar)>);

impl Slot {
    fn take(slots: &Arc<(Mutex<usize>, Condvar)>) -> Self {
        let free = slots.0.lock().unwrap();
        *slots.1.wait_while(free, |free| *free == 0).unwrap() -= 1;
        Self(Arc::clone(slots))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap() += 1;
        self.0.1.notify_one();
    }
}
