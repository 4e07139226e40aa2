#![allow(unused, unreachable_code)] // delete these lines when you are done
#![allow(clippy::needless_pass_by_value)]
//! Lab 05: a server that stops without breaking a promise.
//!
//! - [`signals`] installs handlers for SIGTERM and SIGINT (task 1).
//! - [`listen`] makes the listener (given).
//! - [`serve`] accepts clients until a signal comes, then drains: it accepts
//!   nobody any more, lets those finish who wait for an answer, and gives up
//!   after a while (tasks 1 to 4).
//! - [`handle`] serves one client, and hears that it is time to stop.
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

/// Counts the requests in flight: one more while it lives.
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
/// Then a line that has come whole is still answered, and no other; an idle
/// client is closed at once. Its last answer is to arrive: a socket that is
/// closed with unread input resets the connection (RST), and what was written
/// may be lost on the way.
///
/// # Errors
///
/// The line is refused, or the connection broke.
pub async fn handle(
    stream: &mut TcpStream,
    stop: &CancellationToken,
    in_flight: &Arc<AtomicUsize>,
) -> Result<(), Error> {
    todo!("tasks 1 and 3: answer lines until the end, or the stop")
}

/// Serves clients until a signal comes, then drains for at most `grace`.
///
/// - Task 1: after a signal it ends, with status 0.
/// - Task 2: from then on connects are refused.
/// - Task 3: it ends when all clients have.
/// - Task 4: or after `grace`, with `forced: N connections aborted` on
///   standard error and status 1; or at the second signal, with status 130.
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
