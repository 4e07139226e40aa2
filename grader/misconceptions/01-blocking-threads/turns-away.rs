//! Misconception: at the limit the next client is to be turned away.
//!
//! Must fail:
//! - 01/connection-limit: the 17th client is closed at once, where it should wait

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
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
    let served = Arc::new(Mutex::new(0));
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        let mut count = served.lock().unwrap();
        if *count >= options.max_connections {
            continue; // the stream is dropped, and so closed
        }
        *count += 1;
        let served = Arc::clone(&served);
        thread::spawn(move || {
            if let Err(error) = handle(&stream) {
                eprintln!("client: {error}");
            }
            *served.lock().unwrap() -= 1;
        });
    }
}
