//! Misconception: a descriptor identifies a client.
//! Edits: src/server.rs
//! Adds: Pending
//!
//! Must fail:
//! - 02/no-crosstalk: bytes left for a reset client are written to the next
//!   client with the same descriptor

use std::os::fd::{AsRawFd, RawFd};

/// Bytes that wait to be written, by descriptor. The server reads no more from
/// a client while it has an entry here.
type Pending = HashMap<RawFd, Vec<u8>>;

struct Client {
    stream: Rc<TcpStream>,
    /// What the selector waits for on this client's socket.
    registered: Interest,
}

impl Client {
    fn interest(&self, pending: &Pending) -> Interest {
        match pending.contains_key(&self.stream.as_raw_fd()) {
            false => Interest::READ,
            true => Interest::WRITE,
        }
    }

    fn step(
        &mut self,
        buffer: &mut [u8],
        pending: &mut Pending,
    ) -> io::Result<Step> {
        let fd = self.stream.as_raw_fd();
        match pending.get_mut(&fd) {
            None => {
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
                    pending.insert(fd, buffer[written..count].to_vec());
                }
            }
            Some(left) => {
                match (&*self.stream).write(left) {
                    Ok(count) => drop(left.drain(..count)),
                    Err(error) => return classify_error(error),
                }
                if left.is_empty() {
                    pending.remove(&fd);
                }
            }
        }
        Ok(Step::Progress)
    }
}

struct Server {
    listener: Rc<TcpListener>,
    selector: Box<dyn Selector>,
    clients: HashMap<Token, Client>,
    pending: Pending,
    /// The name of the newest client.
    last_token: Token,
    buffer: Vec<u8>,
    /// When to watch the listener again, if it is paused.
    paused_until: Option<Instant>,
}

pub fn serve(
    listener: TcpListener,
    mut selector: Box<dyn Selector>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = Rc::new(listener);
    selector.register(listener.clone(), LISTENER, Interest::READ)?;
    let mut server = Server {
        listener,
        selector,
        clients: HashMap::new(),
        pending: Pending::new(),
        last_token: LISTENER,
        buffer: vec![0; BUFFER_SIZE],
        paused_until: None,
    };
    let mut events = Vec::new();
    loop {
        let timeout = server.time_until_resume();
        server.selector.wait(&mut events, timeout)?;
        server.resume()?;
        for &Event { token, .. } in &events {
            match token {
                LISTENER => server.accept()?,
                client => server.turn(client),
            }
        }
    }
}

impl Server {
    fn add_client(&mut self, stream: TcpStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let (stream, token) = (Rc::new(stream), self.last_token + 1);
        let registered = Interest::READ;
        self.selector.register(stream.clone(), token, registered)?;
        self.clients.insert(token, Client { stream, registered });
        self.last_token = token;
        Ok(())
    }

    fn turn(&mut self, token: Token) {
        let Some(client) = self.clients.get_mut(&token) else {
            return;
        };
        let is_edge = self.selector.trigger() == Trigger::Edge;
        let mut step = Ok(Step::Progress);
        for _ in 0..if is_edge { MAX_STEPS } else { 1 } {
            step = client.step(&mut self.buffer, &mut self.pending);
            if !matches!(step, Ok(Step::Progress)) {
                break;
            }
        }
        let result = match step {
            Ok(Step::Progress | Step::Blocked) => {
                let before = client.registered;
                client.registered = client.interest(&self.pending);
                // `modify` re-arms: a ready socket is reported again.
                let rearm = is_edge && matches!(step, Ok(Step::Progress));
                if client.registered == before && !rearm {
                    return;
                }
                self.selector
                    .modify(&client.stream, token, client.registered)
            }
            Ok(Step::Finished) => return self.remove_client(token),
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            eprintln!("client: {error}");
            self.remove_client(token);
        }
    }
}
