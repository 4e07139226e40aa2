//! Misconception: shutdown closes a connection.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/descriptors-return: `writers` drops a stream only after an error; after
//!   a clean end, the socket stays open

use std::net::Shutdown;

struct Server {
    listener: Rc<TcpListener>,
    selector: Box<dyn Selector>,
    clients: HashMap<Token, Client>,
    /// The clients that have been served.
    writers: HashMap<Token, Rc<TcpStream>>,
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
        writers: HashMap::new(),
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
    fn turn(&mut self, token: Token) {
        let Some(client) = self.clients.get_mut(&token) else {
            return;
        };
        let is_edge = self.selector.trigger() == Trigger::Edge;
        let mut step = Ok(Step::Progress);
        for _ in 0..if is_edge { MAX_STEPS } else { 1 } {
            step = client.step(&mut self.buffer);
            if !matches!(step, Ok(Step::Progress)) {
                break;
            }
        }
        let result = match step {
            Ok(Step::Progress | Step::Blocked) => {
                self.writers.insert(token, client.stream.clone());
                let before = client.registered;
                client.registered = client.interest();
                // `modify` re-arms: a ready socket is reported again.
                let rearm = is_edge && matches!(step, Ok(Step::Progress));
                if client.registered == before && !rearm {
                    return;
                }
                self.selector
                    .modify(&client.stream, token, client.registered)
            }
            Ok(Step::Finished) => {
                let _ = client.stream.shutdown(Shutdown::Both);
                return self.remove_client(token);
            }
            Err(error) => {
                self.writers.remove(&token);
                Err(error)
            }
        };
        if let Err(error) = result {
            eprintln!("client: {error}");
            self.remove_client(token);
        }
    }
}
