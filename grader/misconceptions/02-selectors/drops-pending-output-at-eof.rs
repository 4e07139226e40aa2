//! Misconception: when `read` returns 0, the client has gone.
//! Edits: src/server.rs
//! Adds: MAX_PENDING
//!
//! Must fail:
//! - 02/half-close: bytes that still wait to be written are lost

/// How many bytes to keep for one client before reading stops.
const MAX_PENDING: usize = 10 * 1024 * 1024;

struct Client {
    stream: Rc<TcpStream>,
    /// Bytes read but not yet written.
    pending: Vec<u8>,
    /// What the selector waits for on this client's socket.
    registered: Interest,
}

impl Client {
    fn interest(&self) -> Interest {
        let (kept, write) = (self.pending.len(), !self.pending.is_empty());
        Interest {
            read: kept < MAX_PENDING,
            write,
        }
    }

    fn step(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        let mut moved = false;
        if self.pending.len() < MAX_PENDING {
            match (&*self.stream).read(buffer) {
                Ok(0) => return Ok(Step::Finished),
                Ok(count) => {
                    self.pending.extend_from_slice(&buffer[..count]);
                    moved = true;
                }
                Err(error) => {
                    classify_error(error)?;
                }
            }
        }
        if !self.pending.is_empty() {
            match (&*self.stream).write(&self.pending) {
                Ok(count) => drop(self.pending.drain(..count)),
                Err(error) => {
                    classify_error(error)?;
                }
            }
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
        let (pending, registered) = (Vec::new(), Interest::READ);
        self.selector.register(stream.clone(), token, registered)?;
        self.clients.insert(
            token,
            Client {
                stream,
                pending,
                registered,
            },
        );
        self.last_token = token;
        Ok(())
    }
}
