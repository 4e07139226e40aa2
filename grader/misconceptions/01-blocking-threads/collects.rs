//! Misconception: an answer is given when the question is complete, at the end of the input.
//!
//! Must fail:
//! - 01/echo-bytes: the client that waits for its echo before it goes on waits for ever

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

pub struct Options {
    pub max_connections: usize,
}

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    stream.write_all(&all)?;
    Ok(all.len() as u64)
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
