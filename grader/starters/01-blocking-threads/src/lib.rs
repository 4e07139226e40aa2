#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 01: an echo server with a thread for each client.
//!
//! - [`handle`] serves one client until it closes its side.
//! - [`serve`] accepts clients and gives each a thread that runs [`handle`].
//! - [`Slots`] limits how many clients are served at the same time.
//!
//! Every call in this lab blocks: the calling thread sleeps in the kernel
//! until the call can proceed. So each client needs its own thread, and
//! the code reads as if there were only one client.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// The settings from the command line.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many clients are served at the same time; the next one waits.
    pub max_connections: usize,
}

/// Task 1: echoes one client until it closes its side, and returns how many
/// bytes were echoed.
///
/// A stream carries bytes, not messages and not text: what one `read` returns
/// has nothing to do with what one `write` of the client sent. You can read
/// and write a `&TcpStream` directly: it implements `Read` and `Write`.
///
/// # Errors
///
/// The connection broke (a reset, or a broken pipe). Task 4 makes sure that
/// this does not affect the other clients.
pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    todo!("task 1: read until EOF, write back every byte")
}

/// Accepts clients forever and serves each with [`handle`].
///
/// - Task 1: the simplest loop: accept a client, handle it, accept the next.
/// - Task 2: a thread for each client, so that no client waits for another.
/// - Task 3: take a slot from [`Slots`] for each client.
/// - Task 4: neither a client's error nor a failed `accept` ends the loop.
///   When `accept` fails (EMFILE), wait a moment, and accept again.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    todo!("task 1: accept a client, handle it, accept the next")
}

/// Task 3: counts how many more clients may be served now.
pub struct Slots {
    /// How many slots are free.
    free: Mutex<usize>,
    /// Notified each time a slot becomes free.
    freed: Condvar,
}

/// The right to serve one client. Dropping it gives the slot back.
pub struct Slot {
    slots: Arc<Slots>,
}

impl Slots {
    /// Creates `count` slots, all free.
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
    /// Gives the slot back and wakes a thread that waits for one.
    fn drop(&mut self) {
        todo!("task 3: count the slot as free and notify one")
    }
}
