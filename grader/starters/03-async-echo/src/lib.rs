#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 03: an echo server with a task for each client, and a client for it.
//!
//! - [`handle`] serves one client until it closes its side.
//! - [`serve`] accepts clients and spawns a task for each that runs [`handle`].
//! - [`connect`] is the client: it sends standard input to a server, and prints
//!   what the server sends back.
//!
//! At every `.await`, this task may be suspended while another one runs on the
//! same thread. Between two `.await`s no other task runs: a blocking call
//! there stops all tasks.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Task 1: echoes one client until it closes its side, and returns how many
/// bytes were echoed.
///
/// This is the code of lab 01 with `.await` after each call that may have to
/// wait. The difference is who waits: the task, not the thread.
///
/// # Errors
///
/// The connection broke (a reset, or a broken pipe). Task 3 makes sure that
/// this does not affect the other clients.
pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    todo!("task 1: read until EOF, write back every byte")
}

/// Accepts clients forever and serves each with [`handle`].
///
/// - Task 1: the simplest loop: accept a client, handle it, accept the next.
/// - Task 2: a task for each client, so that no client waits for another.
/// - Task 3: neither a client's error nor a failed `accept` ends the loop.
///   When `accept` fails (EMFILE), wait a moment without blocking the thread,
///   and accept again.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    todo!("task 1: accept a client, handle it, accept the next")
}

/// Task 4: connects to `addr`, sends what it reads from `input`, and writes
/// what it receives to `output`. Both directions run at the same time, and
/// pass bytes on as soon as they arrive.
///
/// At the end of the input, it shuts down its sending side (the server then
/// reads 0 bytes), continues until the server has closed, too, and returns.
///
/// # Errors
///
/// No server listens at `addr`, or the connection broke. What arrived before
/// that is written.
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
