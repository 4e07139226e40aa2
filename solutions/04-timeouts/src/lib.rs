//! Lab 04: a line server in which nobody waits forever.
//!
//! - [`next_line`] waits for a line, with two time limits: for its first byte
//!   (task 1) and for the whole line (task 2).
//! - [`answer`] writes, with a limit for a client that does not read (task 3).
//! - [`reply`] makes the answer; `WORK` computes on another thread than the
//!   runtime's (task 4).
//! - [`handle`] and [`serve`] put them together.
//!
//! The reader of lines is given, in `lines.rs`, and what a line asks for, in
//! `requests.rs`.

pub mod lines;
pub mod requests;

use std::hint;
use std::io;
use std::time::{Duration, Instant};

use lines::{LineError, Lines};
use requests::{BAD_SLEEP, MAX_LINE, Request, echo, parse_args};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
// BEGIN HIDDEN
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
// END HIDDEN

/// How long each of three things may take. At most one of the clocks runs at a
/// time, and none while the answer is being made.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long to wait for the first byte of a line. The clock starts when the
    /// server begins to wait for it: not while an answer waits to be read.
    pub idle: Duration,
    /// From the first byte of a line to its end.
    pub line: Duration,
    /// How long a write of an answer may make no progress.
    pub write: Duration,
}

/// Why a client is served no longer. A text that begins with `ERR` is the last
/// line that the client gets.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("ERR idle timeout")]
    Idle,
    #[error("ERR line timeout")]
    SlowLine,
    #[error(transparent)]
    Line(#[from] LineError),
    /// The client reads nothing, so it cannot be told either.
    #[error("the client takes no byte of its answer")]
    Stalled,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Tasks 1 and 2: the next line, `None` at the end of the input.
///
/// Task 1: `limits.idle` is for the first byte. Task 2: `limits.line` is for
/// all other bytes together, however they arrive. Both drop a future that has
/// not finished: [`Lines`] loses nothing by that.
///
/// # Errors
///
/// A limit has passed, the line is refused, or the connection broke.
pub async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    // BEGIN SOLUTION: tasks 1 and 2: wait for the first byte, then for the rest
    // ANCHOR: limits
    let started = timeout(limits.idle, lines.wait_for_first_byte()).await;
    if !started.map_err(|_| Error::Idle)?? {
        return Ok(None);
    }
    let line = timeout(limits.line, lines.next_line()).await;
    Ok(line.map_err(|_| Error::SlowLine)??)
    // ANCHOR_END: limits
    // END SOLUTION
}

/// Task 3: writes all of `text`. A write that makes no progress for
/// `limits.write` ends the client. An answer is hardly longer than 8 KiB, so
/// one limit around all of it is accepted, too.
///
/// # Errors
///
/// The client reads nothing, or the connection broke.
pub async fn answer<W: AsyncWrite + Unpin>(
    output: &mut W,
    text: &str,
    limits: &Limits,
) -> Result<(), Error> {
    // BEGIN SOLUTION: task 3: write all of the answer, with a limit
    // ANCHOR: progress
    let mut remaining = text.as_bytes();
    while !remaining.is_empty() {
        // Not around all of `write_all`: a large answer to a slow client may
        // take long, as long as it moves.
        let written = timeout(limits.write, output.write(remaining)).await;
        match written.map_err(|_| Error::Stalled)?? {
            0 => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
            count => remaining = &remaining[count..],
        }
    }
    // ANCHOR_END: progress
    Ok(())
    // END SOLUTION
}

/// Given: computes for `time`, and keeps its thread busy for all of it.
pub fn compute(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        // Stands for work: hashing, compressing, a query without an async
        // driver.
        hint::spin_loop();
    }
}

/// The answer to `line`, when it is ready.
///
/// Task 1: [`Request`] says what the line asks for. A malformed `SLEEP` is
/// answered with [`BAD_SLEEP`], and the server reads the next line.
///
/// Task 4: `WORK <ms> <text>` is answered after [`compute`], which would keep
/// the runtime's only thread from all other tasks. [`Request`] does not know
/// `WORK`: look for the prefix `WORK ` first, and take the rest apart with
/// [`parse_args`]. A malformed `WORK` is echoed like any other line.
///
/// # Errors
///
/// The work could not be done.
pub async fn reply(line: &str) -> Result<String, Error> {
    // BEGIN SOLUTION: tasks 1 and 4: make the answer; compute off the runtime
    if let Some(rest) = line.strip_prefix("WORK ")
        && let Some((time, text)) = parse_args(rest)
    {
        // ANCHOR: work
        let work = spawn_blocking(move || compute(time)).await;
        work.map_err(io::Error::other)?;
        // ANCHOR_END: work
        return Ok(echo(text));
    }
    Ok(match Request::parse(line) {
        Request::Echo(text) => echo(text),
        Request::Sleep(time, text) => {
            sleep(time).await;
            echo(text)
        }
        Request::BadSleep => BAD_SLEEP.to_owned(),
    })
    // END SOLUTION
}

/// Serves one client: line after line, until the end of its input. A client
/// that has shut down its sending side still gets all of its answers.
///
/// # Errors
///
/// Why the client is served no longer. If the error's text begins with `ERR`,
/// `handle` has written it as the client's last line before it returns.
pub async fn handle(
    stream: &mut TcpStream,
    limits: &Limits,
) -> Result<(), Error> {
    // BEGIN SOLUTION: task 1: read a line, make its answer, write it, repeat
    let (input, mut output) = stream.split();
    let mut lines = Lines::new(input, MAX_LINE);
    loop {
        let error = match next_line(&mut lines, limits).await {
            Ok(None) => return Ok(()),
            Ok(Some(line)) => {
                let text = reply(&line).await?;
                answer(&mut output, &text, limits).await?;
                continue;
            }
            Err(error) => error,
        };
        if !matches!(error, Error::Io(_) | Error::Line(LineError::Io(_))) {
            answer(&mut output, &format!("{error}\n"), limits).await?;
        }
        return Err(error);
    }
    // END SOLUTION
}

/// Accepts clients forever and serves each in a task of its own. When `accept`
/// fails (EMFILE), it waits a moment without blocking the thread, and accepts
/// again.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    // BEGIN SOLUTION: task 1: accept a client, spawn a task for it, go on
    loop {
        let mut stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        tokio::spawn(async move {
            if let Err(error) = handle(&mut stream, &limits).await {
                eprintln!("client: {error}");
            }
        });
    }
    // END SOLUTION
}
