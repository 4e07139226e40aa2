//! Task 2: the event loop, with a state machine for each client.
//!
//! The lab's sheet says in which order to fill in the gaps.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::selector::{Event, Interest, Selector, Token, Trigger};

// ANCHOR: token
/// The listener's name. Clients get 1, 2, …, and no number is reused, so
/// an event for a removed client finds nothing.
const LISTENER: Token = 0;
// ANCHOR_END: token

/// The size of the read buffer. All clients share one, because they take
/// turns; bytes that must be kept are copied out of it.
const BUFFER_SIZE: usize = 64 * 1024;

/// Task 5: how many steps one client may take in a row. Then ask for its
/// readiness again, and serve the next event: a client that never stops
/// sending must not monopolise the loop.
const MAX_STEPS: usize = 8;

/// How long to pause the listener after `accept` has failed.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);

/// The state of a client. Reading and writing take turns: the server reads
/// nothing more while bytes wait to be written (back-pressure), so it never
/// keeps more for a client than one read returned.
// ANCHOR: state
enum State {
    Reading,
    /// So far, the kernel has taken only `written` bytes of `pending`.
    Writing {
        pending: Vec<u8>,
        written: usize,
    },
}
// ANCHOR_END: state

/// One client.
struct Client {
    stream: Rc<TcpStream>,
    state: State,
    /// What the selector waits for on this client's socket.
    registered: Interest,
}

/// The outcome of a step.
#[derive(PartialEq, Eq)]
enum Step {
    /// Bytes were read or written.
    Progress,
    /// The client can do nothing before its next event.
    Blocked,
    /// The client has closed its side, and every byte is echoed.
    Finished,
}

impl Client {
    /// Task 2: what to wait for on this client's socket. Ask for writing only
    /// while bytes wait to be written, or the loop never sleeps again.
    fn interest(&self) -> Interest {
        // BEGIN SOLUTION: task 2: READ or WRITE, depending on the state
        // ANCHOR: interest
        match self.state {
            State::Reading => Interest::READ,
            State::Writing { .. } => Interest::WRITE,
        }
        // ANCHOR_END: interest
        // END SOLUTION
    }

    /// Task 2: reads once and writes what it read, or continues to write the
    /// pending bytes. Never blocks.
    ///
    /// # Errors
    ///
    /// The connection broke.
    fn step(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        // BEGIN SOLUTION: task 2: take one step of this client's state machine
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
        // END SOLUTION
    }
}

// BEGIN HIDDEN
/// EAGAIN is not an error: it says that the call would block.
fn classify_error(error: io::Error) -> io::Result<Step> {
    match error.kind() {
        io::ErrorKind::WouldBlock => Ok(Step::Blocked),
        io::ErrorKind::Interrupted => Ok(Step::Progress),
        _ => Err(error),
    }
}
// END HIDDEN

/// The event loop's own state.
struct Server {
    listener: Rc<TcpListener>,
    selector: Box<dyn Selector>,
    clients: HashMap<Token, Client>,
    /// The name of the newest client.
    last_token: Token,
    buffer: Vec<u8>,
    /// When to watch the listener again, if it is paused.
    paused_until: Option<Instant>,
}

/// Task 2: serves all clients on this thread, forever.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
pub fn serve(
    listener: TcpListener,
    mut selector: Box<dyn Selector>,
) -> io::Result<()> {
    // BEGIN SOLUTION: task 2: wait for events, and dispatch them
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
    // ANCHOR: loop
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
    // ANCHOR_END: loop
    // END SOLUTION
}

impl Server {
    /// Task 2: accepts every waiting client, until EAGAIN. When `accept` fails
    /// with another error (EMFILE, for example), the client stays in the queue
    /// and the listener stays ready, so the loop would spin. Drop the interest
    /// in the listener for [`ACCEPT_BACKOFF`], keep serving the clients, then
    /// accept again. `paused_until` holds the end of the pause; `serve` gives
    /// `wait` a timeout that ends then.
    ///
    /// # Errors
    ///
    /// The selector does not watch the listener.
    fn accept(&mut self) -> io::Result<()> {
        // BEGIN SOLUTION: task 2: accept until EAGAIN, pause after an error
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Err(error) = self.add_client(stream) {
                        eprintln!("client refused: {error}");
                    }
                }
                // ANCHOR: emfile
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
                // ANCHOR_END: emfile
            }
        }
        // END SOLUTION
    }

    /// Task 2: adds a client, whose socket must be non-blocking.
    ///
    /// # Errors
    ///
    /// The selector has no space for it (task 3). That ends only this client.
    fn add_client(&mut self, stream: TcpStream) -> io::Result<()> {
        // BEGIN SOLUTION: task 2: make it non-blocking, register it, keep it
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
        // END SOLUTION
    }

    /// Task 2: handles an event on a client's socket. Let its state machine
    /// take a step, then tell the selector what to wait for now, if that has
    /// changed. Remove a client that has finished or failed.
    ///
    /// Task 5: after an edge, continue until a step is [`Step::Blocked`],
    /// because epoll does not report the same bytes again; but stop after
    /// [`MAX_STEPS`] steps. If the last one was [`Step::Progress`], call
    /// `modify`, even with the same interest: it reports a ready socket again.
    fn turn(&mut self, token: Token) {
        // BEGIN SOLUTION: task 2: take a step; update what to wait for
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
            Ok(Step::Finished) => return self.remove_client(token),
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            eprintln!("client: {error}");
            self.remove_client(token);
        }
        // END SOLUTION
    }

    /// Task 2: removes a client, and everything that belongs to it.
    fn remove_client(&mut self, token: Token) {
        // BEGIN SOLUTION: task 2: deregister it and drop it
        // ANCHOR: remove
        let Some(client) = self.clients.remove(&token) else {
            return;
        };
        if let Err(error) = self.selector.deregister(&client.stream) {
            eprintln!("deregister: {error}");
        }
        // ANCHOR_END: remove
        // END SOLUTION
    }

    // BEGIN HIDDEN
    fn watch_listener(&mut self, interest: Interest) -> io::Result<()> {
        self.selector.modify(&self.listener, LISTENER, interest)
    }

    /// How much longer the listener stays paused.
    fn time_until_resume(&self) -> Option<Duration> {
        self.paused_until
            .map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Watches the listener again if the pause is over.
    fn resume(&mut self) -> io::Result<()> {
        if self.time_until_resume() == Some(Duration::ZERO) {
            self.paused_until = None;
            self.watch_listener(Interest::READ)?;
        }
        Ok(())
    }
    // END HIDDEN
}
