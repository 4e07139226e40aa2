//! Misconception: clients send lines.
//!
//! Must fail:
//! - 01/echo-bytes: a piece without a newline gets no echo; the client waits, and so does the
//!   server

use std::io::{BufRead, BufReader};

pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    let mut echoed = 0;
    loop {
        line.clear();
        let count = reader.read_until(b'\n', &mut line)?;
        if count == 0 {
            return Ok(echoed);
        }
        stream.write_all(&line)?;
        echoed += count as u64;
    }
}
