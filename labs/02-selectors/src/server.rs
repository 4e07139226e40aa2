//! Task 2: the event loop, with a state machine for each client.
//!
//! The lab's sheet says in which order to fill the gaps.

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

/// Task 5: how many steps one client may take in a row. After so many, ask for
/// its readiness again, and serve the next event: a client that sends without
/// a pause must not have the loop to itself.
const MAX_STEPS: usize = 8;

/// How long to leave the listener alone after `accept` has failed.
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
    /// Task 2: what to wait for on this client's behalf. Ask for writing only
    /// while bytes wait to be written, or the loop never sleeps again.
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

/// Task 2: serves clients forever, all of them on this thread.
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
        todo!("task 2: accept until EAGAIN, pause after an error")
    }

    /// Task 2: adds a client, whose socket must never block.
    ///
    /// # Errors
    ///
    /// The selector has no room for it (task 3). That ends this client only.
    fn add_client(&mut self, stream: TcpStream) -> io::Result<()> {
        todo!("task 2: make it non-blocking, register it, keep it")
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
        todo!("task 2: do a step; see what to wait for now")
    }

    /// Task 2: a client has left. Nothing of it may remain.
    fn remove_client(&mut self, token: Token) {
        todo!("task 2: deregister it and drop it")
    }
}
