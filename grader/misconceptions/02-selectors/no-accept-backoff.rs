//! Misconception: after a failed `accept`, it is enough to try again.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/out-of-descriptors: the client stays in the queue and the listener
//!   stays ready, so `accept` fails in a busy loop

impl Server {
    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Err(error) = self.add_client(stream) {
                        eprintln!("client refused: {error}");
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
