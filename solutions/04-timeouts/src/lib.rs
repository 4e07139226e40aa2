//! Lab 04: a line server that never waits forever.
//!
//! - [`next_line`] waits for a line, with two time limits: for its first byte
//!   (task 1) and for the whole line (task 2).
//! - [`answer`] writes, with a limit for a client that does not read (task 3).
//! - [`reply`] makes the answer; `WORK` computes off the runtime's thread
//!   (task 4).
//! - [`handle`] and [`serve`] put them together.
//!
//! Given: the line reader (`lines.rs`) and the parser of requests
//! (`requests.rs`).

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

/// The three time limits. At most one clock runs at any time, and none while
/// the server makes an answer.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long to wait for the first byte of a line. The clock starts when the
    /// server begins to wait for it, not while an answer is being written.
    pub idle: Duration,
    /// How long a line may take, from its first byte to its end.
    pub line: Duration,
    /// How long a write of an answer may make no progress.
    pub write: Duration,
}

/// Why the server stops serving a client. If the text begins with `ERR`, it is
/// also the last line that the client gets.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("ERR idle timeout")]
    Idle,
    #[error("ERR line timeout")]
    SlowLine,
    #[error(transparent)]
    Line(#[from] LineError),
    /// The client does not read, so it cannot be told.
    #[error("the client takes no byte of its answer")]
    Stalled,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Tasks 1 and 2: reads the next line; `None` at the end of the input.
///
/// Task 1: `limits.idle` is for the first byte. Task 2: `limits.line` is for
/// all other bytes together, however they arrive. A timeout drops the
/// unfinished future, but [`Lines`] loses no bytes.
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

/// Task 3: writes all of `text`. Gives up when a write makes no progress for
/// `limits.write`. Answers are hardly longer than 8 KiB, so a single limit for
/// the whole answer is accepted, too.
///
/// # Errors
///
/// The client does not read, or the connection broke.
pub async fn answer<W: AsyncWrite + Unpin>(
    output: &mut W,
    text: &str,
    limits: &Limits,
) -> Result<(), Error> {
    // BEGIN SOLUTION: task 3: write all of the answer, with a limit
    // ANCHOR: progress
    let mut remaining = text.as_bytes();
    while !remaining.is_empty() {
        // Not around `write_all`: a large answer to a slow client may take
        // long, as long as it makes progress.
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

/// Given: computes for `time`, and keeps its thread busy throughout.
pub fn compute(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        // Stands in for real work: hashing, compression, a query without an
        // async driver.
        hint::spin_loop();
    }
}

/// Makes the answer to `line`.
///
/// Task 1: [`Request`] says what the line asks for. Answer a malformed `SLEEP`
/// with [`BAD_SLEEP`]; the client stays connected.
///
/// Task 4: answer `WORK <ms> <text>` after [`compute`], which would block the
/// runtime's only thread, and so all other tasks. [`Request`] does not know
/// `WORK`: look for the prefix `WORK ` first, and parse the rest with
/// [`parse_args`]. Echo a malformed `WORK` like any other line.
///
/// # Errors
///
/// The computation failed.
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

/// Serves one client, line by line, until the end of its input. A client that
/// has shut down its sending side still gets all its answers.
///
/// # Errors
///
/// Why the server stops serving the client. If the error's text begins with
/// `ERR`, `handle` writes it as the client's last line before it returns.
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

/// Accepts clients forever and serves each in its own task. When `accept`
/// fails (EMFILE), waits a moment without blocking the thread, then accepts
/// again.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    // BEGIN SOLUTION: task 1: accept a client, spawn a task for it, repeat
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
