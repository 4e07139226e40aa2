//! Misconception: 256 clients are more than enough.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/all-open-at-once: the 257th client is refused
//! - 02/many-descriptors: the 257th client is refused, long before select's
//!   sets are full

impl Server {
    fn add_client(&mut self, stream: TcpStream) -> io::Result<()> {
        if self.clients.len() == 256 {
            return Err(io::Error::other("the table is full"));
        }
        stream.set_nonblocking(true)?;
        let (stream, token) = (Rc::new(stream), self.last_token + 1);
        let (state, registered) = (State::Reading, Interest::READ);
        self.selector.register(stream.clone(), token, registered)?;
        self.clients.insert(
            token,
            Client {
                stream,
                state,
                registered,
            },
        );
        self.last_token = token;
        Ok(())
    }
}
