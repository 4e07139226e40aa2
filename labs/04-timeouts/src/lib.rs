#![allow(unused, unreachable_code)] // delete these lines when you are done
#![allow(clippy::needless_pass_by_value)]
//! Lab 04: a server of lines in which nobody waits for ever.
//!
//! - [`next_line`] waits for a line, with two time limits: for its first byte
//!   (task 1) and for the rest (task 2).
//! - [`answer`] writes, with a limit for a client that takes nothing (task 3).
//! - [`reply`] makes the answer; what computes does so off the runtime
//!   (task 4).
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

/// How long each of three things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the start, or the last answer, to the first byte of a line.
    pub idle: Duration,
    /// From the first byte of a line to its end.
    pub line: Duration,
    /// From one byte of an answer that the client takes to the next.
    pub write: Duration,
}

/// Why a client is served no longer. Where the text says so, the client is
/// told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("ERR idle timeout")]
    Idle,
    #[error("ERR line timeout")]
    SlowLine,
    #[error(transparent)]
    Line(#[from] LineError),
    /// It takes nothing of what is written: it cannot be told either.
    #[error("the client takes no byte of its answer")]
    Stalled,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Tasks 1 and 2: the next line, `None` at the end of the input.
///
/// Task 1: `limits.idle` is for the first byte. Task 2: `limits.line` is for
/// all of the rest together, however the bytes come. Both end by dropping a
/// future that has not finished: [`Lines`] loses nothing by that.
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

/// Task 3: writes all of `text`. A client that takes a part has
/// `limits.write` for the next one; one that takes nothing for so long is
/// given up.
///
/// # Errors
///
/// The client takes nothing, or the connection broke.
pub async fn answer<W: AsyncWrite + Unpin>(
    output: &mut W,
    text: &str,
    limits: &Limits,
) -> Result<(), Error> {
    todo!("task 3: write piece by piece, each within the limit")
}

/// Given: computes for `time`, and keeps its thread busy meanwhile.
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
/// Task 1: [`Request`] says what the line asks for. Task 4:
/// `WORK <ms> <text>` is answered after [`compute`], which would keep the
/// runtime's only thread from everybody else.
///
/// # Errors
///
/// The work could not be done.
pub async fn reply(line: &str) -> Result<String, Error> {
    todo!("tasks 1 and 4: make the answer; compute off the runtime")
}

/// Serves one client: line after line, until the end of its input.
///
/// # Errors
///
/// Why it was ended otherwise. [`serve`] has told the client by then, if there
/// was something to be told.
pub async fn handle(
    stream: &mut TcpStream,
    limits: &Limits,
) -> Result<(), Error> {
    todo!("task 1: read a line, make its answer, write it, repeat")
}

/// Accepts clients for ever and serves each in a task of its own.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    todo!("task 1: accept a client, spawn a task for it, go on")
}
