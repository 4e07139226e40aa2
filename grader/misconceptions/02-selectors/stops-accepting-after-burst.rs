//! Misconception: after a burst of new clients, the old ones come first: the
//! listener can wait until one of them leaves.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/accept-burst: the clients after the 32nd wait until another leaves

impl Server {
    fn accept(&mut self) -> io::Result<()> {
        for accepted in 0.. {
            if accepted == 32 {
                return self.watch_listener(Interest::NONE);
            }
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
                        self.paused_until =
                            Some(Instant::now() + ACCEPT_BACKOFF);
                        return self.watch_listener(Interest::NONE);
                    }
                },
            }
        }
        Ok(())
    }

    fn remove_client(&mut self, token: Token) {
        let Some(client) = self.clients.remove(&token) else {
            return;
        };
        if let Err(error) = self.selector.deregister(&client.stream) {
            eprintln!("deregister: {error}");
        }
        if let Err(error) = self.watch_listener(Interest::READ) {
            eprintln!("listener: {error}");
        }
    }
}
