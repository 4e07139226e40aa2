#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 01: an echo server with a thread for each client.
//!
//! - [`handle`] talks to one client until the client has said everything.
//! - [`serve`] accepts clients and gives each a thread that runs [`handle`].
//! - [`Slots`] counts how many clients may be served at the same time.
//!
//! Every call in this lab blocks: the thread that makes it sleeps in the
//! kernel until there is something to do. That is why one client needs one
//! thread, and why the code reads as if there were only one client.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// What the flags say.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many clients are served at the same time. The next one waits.
    pub max_connections: usize,
}

/// Task 1: echoes one client until it closes its side, and returns how many
/// bytes were echoed.
///
/// A stream is bytes, not messages and not text: what one `read` returns has
/// nothing to do with what one `write` of the client sent. `&TcpStream` can
/// be read and written as it is: `Read` and `Write` are implemented for it.
///
/// # Errors
///
/// The client went away in the middle (a reset, or a broken pipe). Task 4
/// decides what that means for the others: nothing.
pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    todo!("task 1: read to the end, write back every byte")
}

/// Accepts clients forever and serves each with [`handle`].
///
/// - Task 1: the simplest loop: accept a client, handle it, accept the next.
/// - Task 2: a thread for each client, so that none waits for another.
/// - Task 3: take a slot from [`Slots`] for each client.
/// - Task 4: neither a client's error nor a failed `accept` ends the loop.
///   When `accept` fails (EMFILE), wait a moment, and accept again.
///
/// # Errors
///
/// None that a running server can survive.
pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    todo!("task 1: accept a client, handle it, accept the next")
}

/// Task 3: how many more clients may be served now.
pub struct Slots {
    /// Slots that nobody holds. Only touched with the lock held.
    free: Mutex<usize>,
    /// Told each time a slot becomes free.
    freed: Condvar,
}

/// The right to serve one client. Dropping it gives the slot back.
pub struct Slot {
    slots: Arc<Slots>,
}

impl Slots {
    /// `count` slots, all free.
    pub fn new(count: usize) -> Arc<Self> {
        Arc::new(Self {
            free: Mutex::new(count),
            freed: Condvar::new(),
        })
    }

    /// Waits until a slot is free and takes it.
    pub fn acquire(self: &Arc<Self>) -> Slot {
        todo!("task 3: wait on the Condvar while none is free")
    }
}

impl Drop for Slot {
    /// Gives the slot back and wakes one who waits for it.
    fn drop(&mut self) {
        todo!("task 3: count the slot as free and notify one")
    }
}
