//! Misconception: a client sends one message, and one read returns it.
//!
//! Must fail:
//! - 01/echo-bytes: after the first answer the connection is closed, and the second piece is not
//!   answered

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

pub struct Options {
    pub max_connections: usize,
}

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut buffer = [0; 16 * 1024];
    let count = stream.read(&mut buffer)?;
    stream.write_all(&buffer[..count])?;
    Ok(count as u64)
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
