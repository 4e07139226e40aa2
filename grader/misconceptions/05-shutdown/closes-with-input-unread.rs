//! Misconception: to drop a stream is to close it.
//!
//! Must fail:
//! - 05/in-flight-completes: with input unread that is a reset

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
use tokio_util::task::TaskTracker;

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
    let terminate = signal(SignalKind::terminate())?;
    let interrupt = signal(SignalKind::interrupt())?;
    Ok(Signals {
        terminate,
        interrupt,
    })
}

impl Signals {
    /// Task 1: waits for the next signal, of either kind.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
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
    let (input, mut output) = stream.split();
    let mut lines = Lines::new(input, MAX_LINE);
    loop {
        let line = tokio::select! {
            // A line that is there is a promise; so it is looked at first.
            biased;
            line = lines.next_line() => line,
            () = stop.cancelled() => break,
        };
        match line {
            Ok(Some(line)) => {
                let _in_flight = InFlight::begin(in_flight);
                let text = reply(&line).await;
                output.write_all(text.as_bytes()).await?;
                if stop.is_cancelled() {
                    break;
                }
            }
            Ok(None) => return Ok(()),
            Err(error @ LineError::Io(_)) => return Err(error.into()),
            Err(error) => {
                output.write_all(format!("{error}\n").as_bytes()).await?;
                return Err(error.into());
            }
        }
    }
    Ok(())
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
    let (stop, clients) = (CancellationToken::new(), TaskTracker::new());
    let in_flight = Arc::new(AtomicUsize::new(0));
    loop {
        let mut stream = tokio::select! {
            () = signals.next() => break,
            stream = accept(&listener) => stream,
        };
        let (stop, in_flight) = (stop.clone(), Arc::clone(&in_flight));
        clients.spawn(async move {
            let _ = handle(&mut stream, &stop, &in_flight).await;
        });
    }
    // The promises that were made are kept, and no new ones made.
    drop(listener);
    stop.cancel();
    clients.close();
    tokio::select! {
        () = clients.wait() => {}
        () = sleep(grace) => {}
        () = signals.next() => return Ok(ExitCode::from(130)),
    }
    Ok(match in_flight.load(Ordering::Relaxed) {
        // Who is left, if anybody, has been promised nothing.
        0 => ExitCode::SUCCESS,
        number => {
            eprintln!("forced: {number} connections aborted");
            ExitCode::FAILURE
        }
    })
}

/// The next client, however long it takes.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
