//! Misconception: an accept that failed is tried again, that is all.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/out-of-descriptors: the client stays in the queue and the listener
//!   ready: accept fails at once, again and again

impl Server {
    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Err(error) = self.add_client(stream) {
                        eprintln!("client turned away: {error}");
                    }
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(()),
                    io::ErrorKind::Interrupted
                    | io::ErrorKind::ConnectionAborted => {}
                    _ => return Ok(()),
                },
            }
        }
    }
}
