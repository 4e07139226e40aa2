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
// BEGIN HIDDEN
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;
// END HIDDEN

/// The settings from the command line.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many clients are served at the same time; the next one waits.
    pub max_connections: usize,
}

// BEGIN HIDDEN
/// The size of the read buffer.
const BUFFER_SIZE: usize = 16 * 1024;

/// How long to pause after `accept` has failed.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);
// END HIDDEN

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
// ANCHOR: handle
pub fn handle(mut stream: &TcpStream) -> io::Result<u64> {
    // BEGIN SOLUTION: task 1: read until EOF, write back every byte
    let mut buffer = [0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = match stream.read(&mut buffer) {
            // The client has closed its side, and every byte is written.
            Ok(0) => return Ok(echoed),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                continue;
            }
            Err(error) => return Err(error),
        };
        // `write` may take only some of the bytes; `write_all` takes all.
        stream.write_all(&buffer[..count])?;
        echoed += count as u64;
    }
    // END SOLUTION
}
// ANCHOR_END: handle

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
    // BEGIN SOLUTION: task 1: accept a client, handle it, accept the next
    let slots = Slots::new(options.max_connections);
    loop {
        // ANCHOR: accept
        // Slot first, then client: a client that must wait stays in the
        // listen queue, and costs no descriptor here.
        let slot = slots.acquire();
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors (EMFILE), for example: the client stays
                // in the queue, and an immediate retry would fail, too.
                eprintln!("accept: {error}");
                thread::sleep(ACCEPT_BACKOFF);
                continue;
            }
        };
        // ANCHOR_END: accept
        // ANCHOR: spawn
        let client = move || {
            let _slot = slot; // freed however this thread ends
            if let Err(error) = handle(&stream) {
                eprintln!("client: {error}");
            }
        };
        // `thread::spawn` panics when the system is out of threads.
        if let Err(error) = thread::Builder::new().spawn(client) {
            eprintln!("thread: {error}");
            thread::sleep(ACCEPT_BACKOFF);
        }
        // ANCHOR_END: spawn
    }
    // END SOLUTION
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
    // ANCHOR: acquire
    pub fn acquire(self: &Arc<Self>) -> Slot {
        // BEGIN SOLUTION: task 3: wait on the Condvar while none is free
        // A panic cannot leave the number half-changed, so a poisoned lock
        // is safe to use.
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .freed
            .wait_while(free, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        let slots = Arc::clone(self);
        Slot { slots }
        // END SOLUTION
    }
    // ANCHOR_END: acquire
}

impl Drop for Slot {
    /// Gives the slot back and wakes a thread that waits for one.
    // ANCHOR: release
    fn drop(&mut self) {
        // BEGIN SOLUTION: task 3: count the slot as free and notify one
        let free = &self.slots.free;
        *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.slots.freed.notify_one();
        // END SOLUTION
    }
    // ANCHOR_END: release
}
