//! Echo servers with one fault each, for testing what checks expect: `subject MODE`. They ignore the lab's flags.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::exit;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Streams that are never closed.
static KEPT: Mutex<Vec<TcpStream>> = Mutex::new(Vec::new());

fn main() -> io::Result<()> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    let mut clients = 0;
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        clients += 1;
        match mode.as_str() {
            // Serves each client in the accept loop.
            "serves-one-at-a-time" => {
                let _ = echo(stream);
                continue;
            }
            "exits-after-first" if clients == 2 => exit(3),
            "spins-after-first" if clients == 1 => spin(),
            "wakes-after-first" if clients == 1 => wake(),
            "keeps-streams" => KEPT.lock().map_or((), |mut kept| kept.extend(stream.try_clone())),
            _ => {}
        }
        let mode = mode.clone();
        thread::spawn(move || {
            let _ = serve(stream, &mode);
        });
    }
}

fn serve(stream: TcpStream, mode: &str) -> io::Result<()> {
    match mode {
        // Sees EOF, but closes the stream only a while later.
        "closes-late" => {
            let kept = stream.try_clone()?;
            echo(stream)?;
            thread::sleep(Duration::from_millis(700));
            drop(kept);
        }
        // Leaks this much memory for each client.
        "grows" => {
            Box::leak(vec![1_u8; 8 << 20].into_boxed_slice());
            echo(stream)?;
        }
        _ => echo(stream)?,
    }
    Ok(())
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count])?,
        }
    }
}

fn spin() {
    thread::spawn(|| {
        loop {
            std::hint::spin_loop();
        }
    });
}

fn wake() {
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_millis(5));
        }
    });
}
