#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
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
    todo!("tasks 1 and 2: wait for the first byte, then for the rest")
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
    todo!("task 3: write all of the answer, with a limit")
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
    todo!("tasks 1 and 4: make the answer; compute off the runtime")
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
    todo!("task 1: read a line, make its answer, write it, repeat")
}

/// Accepts clients forever and serves each in a task of its own. When `accept`
/// fails (EMFILE), it waits a moment without blocking the thread, and accepts
/// again.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    todo!("task 1: accept a client, spawn a task for it, go on")
}
