#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
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
    todo!("tasks 1 and 2: wait for the first byte, then for the rest")
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
    todo!("task 3: write all of the answer, with a limit")
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
    todo!("tasks 1 and 4: make the answer; compute off the runtime")
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
    todo!("task 1: read a line, make its answer, write it, repeat")
}

/// Accepts clients forever and serves each in its own task. When `accept`
/// fails (EMFILE), waits a moment without blocking the thread, then accepts
/// again.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    todo!("task 1: accept a client, spawn a task for it, repeat")
}
