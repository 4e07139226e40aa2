//! Misconception: a client that has said nothing yet will say something later.
//!
//! Must fail:
//! - 01/out-of-descriptors: the silent clients that have left still hold their descriptors, so the
//!   new one is not served
//! - 01/descriptors-return: the streams of clients that left without a word stay open, as other
//!   checks show

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

pub struct Options {
    pub max_connections: usize,
}

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut buffer = [0; 16 * 1024];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(echoed);
        }
        stream.write_all(&buffer[..count])?;
        echoed += count as u64;
    }
}

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Arc::new((Mutex::new(options.max_connections), Condvar::new()));
    let later = Arc::new(Mutex::new(Vec::new()));
    loop {
        let slot = Slot::take(&slots);
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        let later = Arc::clone(&later);
        thread::spawn(move || {
            let _slot = slot;
            match handle(&stream) {
                Ok(0) => {
                    let _ = stream.shutdown(Shutdown::Write);
                    later.lock().unwrap().push(stream);
                }
                Ok(_) => {}
                Err(error) => eprintln!("client: {error}"),
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
