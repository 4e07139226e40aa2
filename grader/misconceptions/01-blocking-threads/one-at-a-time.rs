//! Misconception: one loop can serve the clients, one after the other.
//!
//! Must fail:
//! - 01/all-open-at-once: the second client is not accepted until the first has gone

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
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

// ANCHOR: bug
pub fn serve(listener: &TcpListener, _: &Options) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => drop(handle(&stream)),
            Err(error) => {
                eprintln!("accept: {error}");
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}
// ANCHOR_END: bug
