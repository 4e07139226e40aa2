//! Misconception: threads are cheap, so no limit is needed.
//!
//! Must fail:
//! - 01/connection-limit: the 17th client is answered while 16 are served

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

pub fn serve(listener: &TcpListener, _: &Options) -> io::Result<()> {
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        thread::spawn(move || {
            if let Err(error) = handle(&stream) {
                eprintln!("client: {error}");
            }
        });
    }
}
