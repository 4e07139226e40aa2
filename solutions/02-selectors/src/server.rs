//! Task 2: the event loop, with a state machine for each client.
//!
//! The lab's sheet says in which order to fill the gaps.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::selector::{Event, Interest, Selector, Token, Trigger};

// ANCHOR: token
/// The listener's name. Clients count from 1, and no number comes twice: an
/// event for a client that has gone meanwhile finds nobody.
const LISTENER: Token = 0;
// ANCHOR_END: token

/// How much is read at once. All clients share one buffer, as one is served at
/// a time; what has to be kept of it is copied.
const BUFFER_SIZE: usize = 64 * 1024;

/// Task 5: how many steps one client may take in a row. After so many, ask for
/// its readiness again, and serve the next event: a client that sends without
/// a pause must not have the loop to itself.
const MAX_STEPS: usize = 8;

/// How long to leave the listener alone after `accept` has failed.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);

/// Where a client is. Reading and writing take turns: nothing more is read
/// while something waits to be written (back-pressure), so what is kept for a
/// client is never more than one read gave.
// ANCHOR: state
enum State {
    Reading,
    /// The kernel has not taken all of `pending` yet, only `written` bytes.
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
    /// Task 2: what to wait for on this client's behalf. Ask for writing only
    /// while bytes wait to be written, or the loop never sleeps again.
    fn interest(&self) -> Interest {
        // BEGIN SOLUTION: task 2: reading or writing, as the state says
        // ANCHOR: interest
        match self.state {
            State::Reading => Interest::READ,
            State::Writing { .. } => Interest::WRITE,
        }
        // ANCHOR_END: interest
        // END SOLUTION
    }

    /// Task 2: reads once and writes what came, or writes once what is left,
    /// without ever waiting.
    ///
    /// # Errors
    ///
    /// The client has gone.
    fn step(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        // BEGIN SOLUTION: task 2: one step of this client's state machine
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
        // END SOLUTION
    }
}

// BEGIN HIDDEN
/// EAGAIN is no error: it says that there is nothing to be done now.
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
    /// The name of the client that came last.
    last_token: Token,
    buffer: Vec<u8>,
    /// Until when the listener is left alone.
    paused_until: Option<Instant>,
}

/// Task 2: serves clients forever, all of them on this thread.
///
/// # Errors
///
/// None that a running server can survive.
pub fn serve(
    listener: TcpListener,
    mut selector: Box<dyn Selector>,
) -> io::Result<()> {
    // BEGIN SOLUTION: task 2: wait for events, and hand them out
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
    /// Task 2: accepts every client that waits, until EAGAIN. When `accept`
    /// fails otherwise (EMFILE, for example), the client stays in the queue and
    /// the listener stays ready, so the loop would spin. Take away the interest
    /// in the listener for [`ACCEPT_BACKOFF`], keep serving the clients, and
    /// accept again. `paused_until` remembers until when; `serve` gives `wait`
    /// a timeout that ends then.
    ///
    /// # Errors
    ///
    /// The selector does not know the listener.
    fn accept(&mut self) -> io::Result<()> {
        // BEGIN SOLUTION: task 2: accept until EAGAIN, pause after an error
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Err(error) = self.add_client(stream) {
                        eprintln!("client turned away: {error}");
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

    /// Task 2: adds a client, whose socket must never block.
    ///
    /// # Errors
    ///
    /// The selector has no room for it (task 3). That ends this client only.
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

    /// Task 2: something has happened on a client's socket. Let its state
    /// machine do a step, then tell the selector what to wait for now, if that
    /// has changed. A client that has finished, or failed, is removed.
    ///
    /// Task 5: after an edge, continue until a step is [`Step::Blocked`],
    /// because no second event comes for what is there already; but stop after
    /// [`MAX_STEPS`] steps. If the last one was [`Step::Progress`], call
    /// `modify`, even with the same interest: it reports a ready socket again.
    fn turn(&mut self, token: Token) {
        // BEGIN SOLUTION: task 2: do a step; see what to wait for now
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
                // To modify is to ask anew: what is ready is told again.
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

    /// Task 2: a client has left. Nothing of it may remain.
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
    // END HIDDEN
}
