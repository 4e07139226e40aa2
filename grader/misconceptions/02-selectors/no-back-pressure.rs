//! Misconception: the server must accept everything that clients send, and have
//! the memory to keep it.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/partial-write: bytes that a client does not read pile up
//! - 02/select/partial-write: bytes that a client does not read pile up
//! - 02/epoll/partial-write: bytes that a client does not read pile up

struct Client {
    stream: Rc<TcpStream>,
    /// Bytes read but not yet written.
    pending: Vec<u8>,
    has_ended: bool,
    /// What the selector waits for on this client's socket.
    registered: Interest,
}

impl Client {
    fn interest(&self) -> Interest {
        let write = !self.pending.is_empty();
        Interest {
            read: !self.has_ended,
            write,
        }
    }

    fn step(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        let mut moved = false;
        if !self.has_ended {
            match (&*self.stream).read(buffer) {
                Ok(0) => self.has_ended = true,
                Ok(count) => self.pending.extend_from_slice(&buffer[..count]),
                Err(error) => {
                    classify_error(error)?;
                }
            }
            moved = true;
        }
        if !self.pending.is_empty() {
            match (&*self.stream).write(&self.pending) {
                Ok(count) => drop(self.pending.drain(..count)),
                Err(error) => return classify_error(error),
            }
            moved = true;
        }
        if self.has_ended && self.pending.is_empty() {
            return Ok(Step::Finished);
        }
        if !moved {
            return Ok(Step::Blocked);
        }
        Ok(Step::Progress)
    }
}

impl Server {
    fn add_client(&mut self, stream: TcpStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let (stream, token) = (Rc::new(stream), self.last_token + 1);
        let (pending, has_ended) = (Vec::new(), false);
        let registered = Interest::READ;
        self.selector.register(stream.clone(), token, registered)?;
        self.clients.insert(
            token,
            Client {
                stream,
                pending,
                has_ended,
                registered,
            },
        );
        self.last_token = token;
        Ok(())
    }
}
