//! Misconception: if the selector refuses a socket, the server has failed.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/many-descriptors: the first client that does not fit into select's sets
//!   ends the server

impl Server {
    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => self.add_client(stream)?,
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(()),
                    io::ErrorKind::Interrupted
                    | io::ErrorKind::ConnectionAborted => {}
                    _ => {
                        eprintln!("accept: {error}");
                        self.paused_until =
                            Some(Instant::now() + ACCEPT_BACKOFF);
                        return self.watch_listener(Interest::NONE);
                    }
                },
            }
        }
    }
}
