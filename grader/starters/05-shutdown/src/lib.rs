#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 05: a server that stops without breaking a promise.
//!
//! - [`signals`] installs handlers for SIGTERM and SIGINT (task 1).
//! - [`listen`] makes the listener (given).
//! - [`serve`] accepts clients until a signal arrives, then drains: it stops
//!   accepting, waits for the requests in flight, and gives up after the grace
//!   period (tasks 1 to 4).
//! - [`handle`] serves one client until `stop` is cancelled.
//!
//! Given: the line reader (`lines.rs`) and the parser of requests
//! (`requests.rs`).

pub mod lines;
pub mod requests;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lines::{LineError, Lines};
use requests::{BAD_SLEEP, MAX_LINE, Request, echo};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// SIGTERM and SIGINT, once they have handlers.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// Task 1: installs handlers, so that neither signal kills the process.
/// A signal that arrives earlier kills it.
///
/// # Errors
///
/// A handler cannot be installed.
pub fn signals() -> io::Result<Signals> {
    todo!("task 1: a tokio::signal::unix::signal for each")
}

impl Signals {
    /// Task 1: waits for the next signal of either kind.
    pub async fn next(&mut self) {
        todo!("task 1: whichever arrives first")
    }
}

/// Given: listens on `addr`. SO_REUSEADDR allows the server to restart
/// immediately, although connections that it closed are still in TIME_WAIT.
///
/// # Errors
///
/// The address is in use, for example.
pub fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(1024)
}

/// Why the server stops serving a client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Line(#[from] LineError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Counts a request as in flight while this value lives. Keep one from the
/// moment when a line is complete until its answer is written.
pub struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    /// Given: counts one more request.
    pub fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Given: makes the answer to `line`.
async fn reply(line: &str) -> String {
    match Request::parse(line) {
        Request::Echo(text) => echo(text),
        Request::Sleep(time, text) => {
            sleep(time).await;
            echo(text)
        }
        Request::BadSleep => BAD_SLEEP.to_owned(),
    }
}

/// Serves one client, line by line, until the end of its input, or until
/// `stop` is cancelled (task 3).
///
/// After `stop`, still answer the request in flight, and close an idle client
/// immediately. You may answer or drop complete lines behind the request in
/// flight. The last answer must arrive: closing a socket with unread input
/// resets the connection (RST), and bytes already written may be lost. So
/// close in three steps: shut down your side, read the remaining input for
/// a moment (100 ms), drop the stream.
///
/// # Errors
///
/// The line is refused (the client was told), or the connection broke.
pub async fn handle(
    stream: &mut TcpStream,
    stop: &CancellationToken,
    in_flight: &Arc<AtomicUsize>,
) -> Result<(), Error> {
    todo!("tasks 1 and 3: answer lines until EOF or `stop`")
}

/// Serves clients until a signal arrives, then drains for at most `grace`.
///
/// - Task 1: each client has its own task. After a signal, `serve` returns
///   status 0. When `accept` fails (EMFILE), it waits a moment, then accepts
///   again.
/// - Task 2: after a signal, it closes the listener first, then cancels `stop`
///   and waits for its clients' tasks (`tokio_util::task::TaskTracker`).
/// - Task 3: `handle` closes idle clients, and ends the others cleanly.
/// - Task 4: `serve` waits at most `grace`. If N requests are in flight then,
///   it prints `forced: N connections aborted` to standard error and returns
///   status 1; if there are none, it prints nothing and returns status 0. On a
///   second signal, it returns status 130 immediately.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
pub async fn serve(
    listener: TcpListener,
    mut signals: Signals,
    grace: Duration,
) -> io::Result<ExitCode> {
    todo!("tasks 1 to 4: accept until a signal arrives, then drain")
}
