//! Misconception: a client that goes away shows as ECONNRESET; any other error is a fault of this
//! program.
//!
//! Must fail:
//! - 01/reset-while-writing: a client that closed before it was written to shows as EPIPE

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process;
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
    loop {
        let slot = Slot::take(&slots);
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        thread::spawn(move || {
            let _slot = slot;
            match handle(&stream) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Err(error) => {
                    eprintln!("error: {error}");
                    process::exit(1);
                }
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
