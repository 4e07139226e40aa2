//! Misconception: sleeping for a moment after a failed `accept` delays only
//! clients that wait to be accepted.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/out-of-descriptors: the sleeping thread also serves the connected
//!   clients

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
                    _ => {
                        eprintln!("accept: {error}");
                        std::thread::sleep(ACCEPT_BACKOFF);
                        return Ok(());
                    }
                },
            }
        }
    }
}
