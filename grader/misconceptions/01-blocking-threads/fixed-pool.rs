//! Misconception: a pool of as many threads as the machine can run at once is enough.
//!
//! Must fail:
//! - 01/all-open-at-once: the ninth client waits until one of the first eight leaves

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

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    thread::scope(|scope| {
        for _ in 0..options.max_connections.min(8) {
            scope.spawn(|| {
                loop {
                    match listener.accept() {
                        Ok((stream, _)) => drop(handle(&stream)),
                        Err(_) => thread::sleep(Duration::from_millis(20)),
                    }
                }
            });
        }
    });
    Ok(())
}
