#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 09: messages from a stream. TCP carries bytes, and does not know where
//! a message ends.
//!
//! - [`FrameCodec`], in `codec.rs`, decodes and encodes frames (tasks 1 to 3).
//! - [`compute`] and [`answer`] make the answer to a frame (tasks 2 and 3).
//! - [`next_frame`] waits for a frame, with a limit from its first byte to its
//!   last (tasks 2 and 4).
//! - [`last_words`] delivers the reason before the connection ends (task 3).
//! - [`handle`] and [`serve`] put them together (tasks 2 and 3).
//!
//! Given: requests and answers (`requests.rs`).

pub mod codec;
pub mod requests;

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use codec::FrameCodec;
use futures_util::{SinkExt, StreamExt};
use requests::{Answer, BAD_JSON, BAD_VALUE, EMPTY_FRAME, Request, UNKNOWN_OP};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::Framed;

/// How long to keep reading from a client before its socket is closed.
pub const LINGER: Duration = Duration::from_millis(100);

/// The limits for a frame.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The maximum length of a body in bytes.
    pub body: u32,
    /// How long a frame may take, from its first byte to its last.
    pub frame: Duration,
}

/// Why the server stops serving a client. The client is told the first two.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("frame too large")]
    TooLarge,
    #[error("frame timeout")]
    Timeout,
    /// The client is not told: half a frame is not a request.
    #[error("the input ended within a frame")]
    Truncated,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Task 2: the result of `op` with `value`, or the reason why there is none.
///
/// `echo` returns the value, `sum` adds a list of numbers, and `reverse`
/// reverses the characters of a string (Unicode scalar values).
///
/// # Errors
///
/// [`UNKNOWN_OP`] or [`BAD_VALUE`].
pub fn compute(op: &str, value: Value) -> Result<Value, &'static str> {
    todo!("task 2: echo, sum, reverse")
}

/// The answer to a frame with this `body` (task 2). An empty body is not
/// a request, but its frame gets an answer, too (task 3).
pub fn answer(body: &[u8]) -> Answer {
    todo!("tasks 2 and 3: refuse what is not a request, or compute")
}

/// Tasks 2 and 4: the body of the next frame; `None` at the end of the input.
///
/// Task 4: `limit` is for the whole frame, from the first byte of its header,
/// however the bytes arrive. The wait for that byte has no limit.
///
/// # Errors
///
/// The limit has passed, the frame is refused, or the connection broke.
pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    todo!("tasks 2 and 4: wait for the first byte, then for the rest")
}

/// Task 3: sends the client the `reason` why the connection ends, and makes
/// sure that it arrives.
///
/// # Errors
///
/// The connection broke.
pub async fn last_words(
    mut frames: Framed<TcpStream, FrameCodec>,
    reason: &str,
) -> Result<(), Error> {
    todo!("task 3: send, shut down, keep reading for a moment")
}

/// Serves one client, frame by frame, until the end of its input.
///
/// # Errors
///
/// Why the server stopped before that. If a frame was too large or too slow,
/// the client has been told.
pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    todo!("tasks 2 and 3: next_frame, answer, send; or last_words")
}

/// Accepts clients forever and serves each in its own task. When `accept`
/// fails (EMFILE), waits a moment without blocking the thread, then accepts
/// again.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    todo!("task 2: accept a client, spawn a task for it, repeat")
}
