//! Misconception: code that may wait belongs in its own thread.
//! Adds: echo
//!
//! Must fail:
//! - 03/few-threads: 1,000 clients need 1,000 threads

use std::io::{Read, Write};

pub async fn handle(_: TcpStream) -> io::Result<u64> {
    Ok(0) // see `echo`
}

fn echo(mut stream: std::net::TcpStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    let mut buffer = [0; BUFFER_SIZE];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count])?;
    }
}

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let stream = stream.into_std()?;
                std::thread::spawn(move || echo(stream));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
