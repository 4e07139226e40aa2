//! Task 2: the event loop, with a state machine for each client.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::selector::{Event, Interest, Selector, Token, Trigger};

/// The listener's name. Clients count from 1, and no number comes twice: an
/// event for a client that has gone meanwhile finds nobody.
const LISTENER: Token = 0;

/// How much is read at once. All clients share one buffer, as one is served at
/// a time; what has to be kept of it is copied.
const BUFFER_SIZE: usize = 64 * 1024;

/// How many steps one client may take in a row, when it could go on for ever.
const MAX_STEPS: usize = 8;

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
        todo!("task 2: reading or writing, as the state says")
    }

    /// Task 2: reads once and writes what came, or writes once what is left,
    /// without ever waiting.
    ///
    /// # Errors
    ///
    /// The client has gone.
    fn step(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        todo!("task 2: one step of this client's state machine")
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
    todo!("task 2: wait for events, and hand them out")
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
        todo!("task 2: accept until nobody waits")
    }

    /// Task 2: a new client, to be read without ever blocking.
    ///
    /// # Errors
    ///
    /// The selector has no room for it (task 3). That ends this client only.
    fn add_client(&mut self, stream: TcpStream) -> io::Result<()> {
        todo!("task 2: make it non-blocking, register it, keep it")
    }

    /// Task 2: something has happened on a client's socket: let its state
    /// machine do a step. Task 5: after an edge, let it go on until nothing
    /// moves any more, since there is no second event for what is there
    /// already.
    fn turn(&mut self, token: Token) {
        todo!("task 2: do a step; see what to wait for now")
    }

    /// Task 2: a client has gone; nothing is to be left of it.
    fn remove_client(&mut self, token: Token) {
        todo!("task 2: deregister it and drop it")
    }
}
