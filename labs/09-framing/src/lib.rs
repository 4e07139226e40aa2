#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 09: messages out of a stream. TCP carries bytes, and knows nothing of
//! where a message ends.
//!
//! - [`FrameCodec`], in `codec.rs`, makes frames of bytes and bytes of frames
//!   (tasks 1 to 3).
//! - [`compute`] and [`answer`] say what is answered to a frame (tasks 2 and
//!   3).
//! - [`next_frame`] waits for a frame, with a limit from its first byte to its
//!   last (tasks 2 and 4).
//! - [`last_words`] says why it is over, so that it arrives (task 3).
//! - [`handle`] and [`serve`] put them together (tasks 2 and 3).
//!
//! Requests and answers are given, in `requests.rs`.

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

/// How long a client that is told to go may still send before its socket is
/// closed.
pub const LINGER: Duration = Duration::from_millis(100);

/// What a frame may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes of a body.
    pub body: u32,
    /// From the first byte of a frame to its last.
    pub frame: Duration,
}

/// Why a client is served no longer. The first two it is told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("frame too large")]
    TooLarge,
    #[error("frame timeout")]
    Timeout,
    /// Nobody is told: it is no request, and the client has said all.
    #[error("the input ended within a frame")]
    Truncated,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Task 2: what comes out of `op` with `value`, or the reason why nothing does.
///
/// `echo` gives the value back, `sum` adds a list of numbers, `reverse` turns a
/// string around, character by character (Unicode scalar values).
///
/// # Errors
///
/// [`UNKNOWN_OP`] or [`BAD_VALUE`].
pub fn compute(op: &str, value: Value) -> Result<Value, &'static str> {
    todo!("task 2: echo, sum, reverse")
}

/// The answer to a frame with this `body` (task 2). One without a byte is no
/// request either, but it is a frame (task 3).
pub fn answer(body: &[u8]) -> Answer {
    todo!("tasks 2 and 3: refuse what is no request, or compute")
}

/// Tasks 2 and 4: the body of the next frame, `None` at the end of the input.
///
/// Task 4: `limit` is for the whole frame, from the first byte of its header
/// on, however the bytes come. Before that byte one may wait for ever.
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

/// Task 3: tells the client the `reason` why it is over, and sees to it that
/// this arrives.
///
/// # Errors
///
/// The connection broke.
pub async fn last_words(
    mut frames: Framed<TcpStream, FrameCodec>,
    reason: &str,
) -> Result<(), Error> {
    todo!("task 3: send, shut down, read on for a moment")
}

/// Serves one client: frame after frame, until the end of its input.
///
/// # Errors
///
/// Why it was ended otherwise. The client has been told by then, if there was
/// something to be told.
pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    todo!("tasks 2 and 3: next_frame, answer, send; or last_words")
}

/// Accepts clients forever and serves each in a task of its own. When `accept`
/// fails (EMFILE), it waits a moment without blocking the thread, and accepts
/// again.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    todo!("task 2: accept a client, spawn a task for it, go on")
}
