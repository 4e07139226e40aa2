//! Misconception: an event is answered by one read and one write, edge or
//! level.
//!
//! In place of: src/server.rs
//!
//! Must fail:
//! - 02/edge-triggered: what one read has left lies there, and nobody tells of
//!   it again

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::selector::{Event, Interest, Selector, Token};

/// The listener's name. Clients count from 1, and no number comes twice: an
/// event for a client that has gone meanwhile finds nobody.
const LISTENER: Token = 0;

/// How much is read at once. All clients share one buffer, as one is served at
/// a time; what has to be kept of it is copied.
const BUFFER_SIZE: usize = 64 * 1024;

/// How long to leave the listener alone after a client could not be had.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);

/// Where a client is. Reading and writing take turns: nothing more is read
/// while something waits to be written (back-pressure), so what is kept for a
/// client is never more than one read gave.
enum State {
    Reading,
    /// The kernel has not taken all of `pending` yet, only `written` bytes.
    Writing {
        pending: Vec<u8>,
        written: usize,
    },
}

/// One client.
struct Client {
    stream: Rc<TcpStream>,
    state: State,
    /// What the selector waits for on its behalf.
    registered: Interest,
}

/// What a step has come to.
#[derive(PartialEq, Eq)]
enum Step {
    /// Bytes have moved.
    Progress,
    /// Nothing can be done before the next event.
    Blocked,
    /// The client has shut down its side, and has everything back.
    Finished,
}

impl Client {
    /// Task 2: what to wait for on this client's behalf: in writing only while
    /// bytes wait, or the loop would never sleep again.
    fn interest(&self) -> Interest {
        match self.state {
            State::Reading => Interest::READ,
            State::Writing { .. } => Interest::WRITE,
        }
    }

    /// Task 2: reads once and writes what came, or writes once what is left,
    /// without ever waiting.
    ///
    /// # Errors
    ///
    /// The client has gone.
    fn step(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        match &mut self.state {
            State::Reading => {
                let count = match (&*self.stream).read(buffer) {
                    Ok(0) => return Ok(Step::Finished),
                    Ok(count) => count,
                    Err(error) => return classify_error(error),
                };
                // Most often the kernel takes all of it at once.
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

/// EAGAIN is no error: it says that there is nothing to be done now.
fn classify_error(error: io::Error) -> io::Result<Step> {
    match error.kind() {
        io::ErrorKind::WouldBlock => Ok(Step::Blocked),
        io::ErrorKind::Interrupted => Ok(Step::Progress),
        _ => Err(error),
    }
}

/// The event loop's own state.
struct Server {
    listener: Rc<TcpListener>,
    selector: Box<dyn Selector>,
    clients: HashMap<Token, Client>,
    /// The name of the client that came last.
    last_token: Token,
    buffer: Vec<u8>,
    /// Until when the listener is left alone.
    paused_until: Option<Instant>,
}

/// Task 2: serves clients for ever, all of them on this thread.
///
/// # Errors
///
/// None that a running server can survive.
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
    /// Task 2: accepts whoever waits. Where that fails (EMFILE, say), the
    /// client stays in the queue and the listener stays ready: look away for
    /// [`ACCEPT_BACKOFF`], or the loop spins.
    ///
    /// # Errors
    ///
    /// The selector knows nothing of the listener.
    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Err(error) = self.add_client(stream) {
                        eprintln!("client turned away: {error}");
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
    }

    /// Task 2: a new client, to be read without ever blocking.
    ///
    /// # Errors
    ///
    /// The selector has no room for it (task 3). That ends this client only.
    fn add_client(&mut self, stream: TcpStream) -> io::Result<()> {
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

    /// Task 2: something has happened on a client's socket: let its state
    /// machine do a step. Task 5: after an edge, let it go on until nothing
    /// moves any more, since there is no second event for what is there
    /// already.
    fn turn(&mut self, token: Token) {
        let Some(client) = self.clients.get_mut(&token) else {
            return;
        };
        // ANCHOR: bug
        let mut step: io::Result<Step> = Ok(Step::Progress);
        step = step.and_then(|_| client.step(&mut self.buffer));
        let result = match step {
            Ok(Step::Progress | Step::Blocked) => {
                let before = client.registered;
                client.registered = client.interest();
                if client.registered == before {
                    return;
                }
                self.selector
                    .modify(&client.stream, token, client.registered)
            }
            Ok(Step::Finished) => return self.remove_client(token),
            Err(error) => Err(error),
        };
        // ANCHOR_END: bug
        if let Err(error) = result {
            eprintln!("client: {error}");
            self.remove_client(token);
        }
    }

    /// Task 2: a client has gone; nothing is to be left of it.
    fn remove_client(&mut self, token: Token) {
        let Some(client) = self.clients.remove(&token) else {
            return;
        };
        if let Err(error) = self.selector.deregister(&client.stream) {
            eprintln!("deregister: {error}");
        }
    }

    fn watch_listener(&mut self, interest: Interest) -> io::Result<()> {
        self.selector.modify(&self.listener, LISTENER, interest)
    }

    /// How long the listener is still to be left alone.
    fn time_until_resume(&self) -> Option<Duration> {
        self.paused_until
            .map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Looks at the listener again, if it is time.
    fn resume(&mut self) -> io::Result<()> {
        if self.time_until_resume() == Some(Duration::ZERO) {
            self.paused_until = None;
            self.watch_listener(Interest::READ)?;
        }
        Ok(())
    }
}
