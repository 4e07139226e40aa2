#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 03: an echo server with a task for each client, and a client for it.
//!
//! - [`handle`] talks to one client until the client has said everything.
//! - [`serve`] accepts clients and spawns a task for each that runs [`handle`].
//! - [`connect`] is the other end: standard input goes to a server, and what
//!   comes back is printed.
//!
//! Every `.await` is a place where this task may be put aside and another one
//! goes on, in the same thread. Between two of them nobody else runs: a call
//! that blocks there stops all tasks.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Task 1: echoes one client until it closes its side, and returns how many
/// bytes were echoed.
///
/// The code is that of lab 01 with `.await` after each call that may have to
/// wait. What that changes is who waits: the task, and not the thread.
///
/// # Errors
///
/// The client went away in the middle (a reset, or a broken pipe). Task 3
/// decides what that means for the others: nothing.
pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    todo!("task 1: read to the end, write back every byte")
}

/// Accepts clients forever and serves each with [`handle`].
///
/// - Task 1: the simplest loop: accept a client, handle it, accept the next.
/// - Task 2: a task for each client, so that none waits for another.
/// - Task 3: neither a client's error nor a failed `accept` ends the loop.
///   When `accept` fails (EMFILE), wait a moment without blocking the thread,
///   and accept again.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    todo!("task 1: accept a client, handle it, accept the next")
}

/// Task 4: connects to `addr`, sends what `input` gives, and writes to
/// `output` what comes back, each as soon as it is there and both at the same
/// time.
///
/// At the end of the input it shuts down its sending side (the server then
/// reads 0 bytes), goes on until the server has closed, too, and returns.
///
/// # Errors
///
/// No server listens at `addr`, or the connection broke. What had come until
/// then is written.
pub async fn connect<I, O>(
    addr: SocketAddr,
    mut input: I,
    output: O,
) -> io::Result<()>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    todo!("task 4: connect, then send and receive side by side")
}
