//! Misconception: after an edge, the server must read everything, so it must
//! keep everything.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/edge-triggered: bytes that a client does not read pile up

struct Client {
    stream: Rc<TcpStream>,
    state: State,
    /// Whether the selector is edge-triggered.
    is_greedy: bool,
    /// What the selector waits for on this client's socket.
    registered: Interest,
}

impl Client {
    fn interest(&self) -> Interest {
        match self.state {
            State::Reading => Interest::READ,
            State::Writing { .. } if self.is_greedy => Interest {
                read: true,
                write: true,
            },
            State::Writing { .. } => Interest::WRITE,
        }
    }

    fn step(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        match &mut self.state {
            State::Reading => {
                let count = match (&*self.stream).read(buffer) {
                    Ok(0) => return Ok(Step::Finished),
                    Ok(count) => count,
                    Err(error) => return classify_error(error),
                };
                // Usually the kernel takes all bytes in one write.
                let written = match (&*self.stream).write(&buffer[..count]) {
                    Ok(written) => written,
                    Err(error) => classify_error(error).map(|_| 0)?,
                };
                if written < count {
                    let pending = buffer[written..count].to_vec();
                    self.state = State::Writing {
                        pending,
                        written: 0,
                    };
                }
            }
            State::Writing { pending, written } => {
                if self.is_greedy {
                    match (&*self.stream).read(buffer) {
                        Ok(0) => {}
                        Ok(count) => {
                            pending.extend_from_slice(&buffer[..count]);
                            return Ok(Step::Progress);
                        }
                        Err(error) => {
                            classify_error(error)?;
                        }
                    }
                }
                match (&*self.stream).write(&pending[*written..]) {
                    Ok(count) => *written += count,
                    Err(error) => return classify_error(error),
                }
                if *written == pending.len() {
                    self.state = State::Reading;
                }
            }
        }
        Ok(Step::Progress)
    }
}

impl Server {
    fn add_client(&mut self, stream: TcpStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let (stream, token) = (Rc::new(stream), self.last_token + 1);
        let (state, registered) = (State::Reading, Interest::READ);
        let is_greedy = self.selector.trigger() == Trigger::Edge;
        self.selector.register(stream.clone(), token, registered)?;
        self.clients.insert(
            token,
            Client {
                stream,
                state,
                is_greedy,
                registered,
            },
        );
        self.last_token = token;
        Ok(())
    }
}
