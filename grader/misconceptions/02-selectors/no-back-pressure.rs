//! Misconception: the server has to take what clients send, and the memory to
//! keep it.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/partial-write: what a client does not read piles up
//! - 02/select/partial-write: what a client does not read piles up
//! - 02/epoll/partial-write: what a client does not read piles up

struct Client {
    stream: Rc<TcpStream>,
    /// Read and not yet written.
    pending: Vec<u8>,
    has_ended: bool,
    /// What the selector waits for on its behalf.
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
