//! Misconception: every error of `accept` is a real error.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/echo-bytes: EAGAIN after the first client ends the server
//! - 02/select/echo-bytes: EAGAIN after the first client ends the server
//! - 02/epoll/echo-bytes: EAGAIN after the first client ends the server

impl Server {
    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Err(error) = self.add_client(stream) {
                        eprintln!("client refused: {error}");
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}
