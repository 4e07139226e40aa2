#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 05: a server that stops without breaking a promise.
//!
//! - [`signals`] installs handlers for SIGTERM and SIGINT (task 1).
//! - [`listen`] makes the listener (given).
//! - [`serve`] accepts clients until a signal comes, then drains: it accepts no
//!   more clients, waits for the requests in flight, and gives up after the
//!   grace time (tasks 1 to 4).
//! - [`handle`] serves one client until `stop` is cancelled.
//!
//! The reader of lines is given, in `lines.rs`, and what a line asks for, in
//! `requests.rs`.

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

/// Task 1: installs handlers, so that neither signal ends the process any
/// more. A signal that comes before this does.
///
/// # Errors
///
/// The system does not take a handler.
pub fn signals() -> io::Result<Signals> {
    todo!("task 1: a tokio::signal::unix::signal for each")
}

impl Signals {
    /// Task 1: waits for the next signal, of either kind.
    pub async fn next(&mut self) {
        todo!("task 1: whichever comes first")
    }
}

/// Given: a listener on `addr`. It must be possible to start the server again
/// at once, although connections that it closed are still in TIME_WAIT: that
/// is what SO_REUSEADDR is for.
///
/// # Errors
///
/// The address is used by somebody else.
pub fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(1024)
}

/// Why a client is served no longer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Line(#[from] LineError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Counts a request in flight for as long as it lives. Keep one from the moment
/// that a line is complete until its answer is written.
pub struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    /// Given: one more.
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

/// Given: the answer to `line`, when it is ready.
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

/// Serves one client: line after line, until the end of its input, or until
/// `stop` is cancelled (task 3).
///
/// Then the request in flight is still answered, and an idle client is closed
/// at once. Whole lines behind the request in flight may be answered or
/// dropped. The last answer has to arrive: a socket that is closed with unread
/// input resets the connection (RST), and what was written may be lost. So
/// close in three steps: shut down your side, read what is still coming for a
/// moment (100 ms), drop the stream.
///
/// # Errors
///
/// The line is refused (the client was told), or the connection broke.
pub async fn handle(
    stream: &mut TcpStream,
    stop: &CancellationToken,
    in_flight: &Arc<AtomicUsize>,
) -> Result<(), Error> {
    todo!("tasks 1 and 3: answer lines until the end, or the stop")
}

/// Serves clients until a signal comes, then drains for at most `grace`.
///
/// - Task 1: each client has a task of its own. After a signal `serve` returns
///   status 0. When `accept` fails (EMFILE), it waits a moment, and accepts
///   again.
/// - Task 2: after a signal it closes the listener first, then cancels `stop`
///   and waits for its clients' tasks (`tokio_util::task::TaskTracker`).
/// - Task 3: `handle` closes idle clients, and ends the others well.
/// - Task 4: `serve` waits no longer than `grace`. If N requests are in flight
///   then, it prints `forced: N connections aborted` to standard error and
///   returns status 1; if none is, it prints nothing and returns status 0. A
///   second signal returns status 130 at once.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(
    listener: TcpListener,
    mut signals: Signals,
    grace: Duration,
) -> io::Result<ExitCode> {
    todo!("tasks 1 to 4: accept until a signal comes, then drain")
}
