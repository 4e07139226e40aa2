//! Task 2: the event loop, with a state machine for each client.
//!
//! The lab's sheet says in which order to fill in the gaps.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::selector::{Event, Interest, Selector, Token, Trigger};

/// The listener's name. Clients get 1, 2, …, and no number is reused, so
/// an event for a removed client finds nothing.
const LISTENER: Token = 0;

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
enum State {
    Reading,
    /// So far, the kernel has taken only `written` bytes of `pending`.
    Writing {
        pending: Vec<u8>,
        written: usize,
    },
}

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
        todo!("task 2: READ or WRITE, depending on the state")
    }

    /// Task 2: reads once and writes what it read, or continues to write the
    /// pending bytes. Never blocks.
    ///
    /// # Errors
    ///
    /// The connection broke.
    fn step(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        todo!("task 2: take one step of this client's state machine")
    }
}

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
    todo!("task 2: wait for events, and dispatch them")
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
        todo!("task 2: accept until EAGAIN, pause after an error")
    }

    /// Task 2: adds a client, whose socket must be non-blocking.
    ///
    /// # Errors
    ///
    /// The selector has no space for it (task 3). That ends only this client.
    fn add_client(&mut self, stream: TcpStream) -> io::Result<()> {
        todo!("task 2: make it non-blocking, register it, keep it")
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
        todo!("task 2: take a step; update what to wait for")
    }

    /// Task 2: removes a client, and everything that belongs to it.
    fn remove_client(&mut self, token: Token) {
        todo!("task 2: deregister it and drop it")
    }
}
