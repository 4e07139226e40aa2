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
// BEGIN HIDDEN
use serde_json::Number;
use tokio::io::{copy, sink};
use tokio::time::{sleep, timeout};
// END HIDDEN

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
    // BEGIN SOLUTION: task 2: echo, sum, reverse
    match op {
        "echo" => Ok(value),
        "sum" => {
            let mut sum = 0.0;
            for number in value.as_array().ok_or(BAD_VALUE)? {
                sum += number.as_f64().ok_or(BAD_VALUE)?;
            }
            // JSON has no infinity.
            Number::from_f64(sum).map(Value::Number).ok_or(BAD_VALUE)
        }
        "reverse" => {
            let text = value.as_str().ok_or(BAD_VALUE)?;
            Ok(text.chars().rev().collect::<String>().into())
        }
        _ => Err(UNKNOWN_OP),
    }
    // END SOLUTION
}

/// The answer to a frame with this `body` (task 2). An empty body is not
/// a request, but its frame gets an answer, too (task 3).
pub fn answer(body: &[u8]) -> Answer {
    // BEGIN SOLUTION: tasks 2 and 3: refuse what is not a request, or compute
    if body.is_empty() {
        return Answer::error(Value::Null, EMPTY_FRAME);
    }
    let Some(Request { id, op, value }) = Request::parse(body) else {
        return Answer::error(Value::Null, BAD_JSON);
    };
    match compute(&op, value) {
        Ok(value) => Answer::ok(id, value),
        Err(reason) => Answer::error(id, reason),
    }
    // END SOLUTION
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
    // BEGIN SOLUTION: tasks 2 and 4: wait for the first byte, then for the rest
    // ANCHOR: clock
    // The first byte may have arrived with the previous frame.
    if frames.read_buffer().is_empty() {
        // Waits for a byte or EOF, and consumes nothing.
        frames.get_ref().peek(&mut [0]).await?;
    }
    match timeout(limit, frames.next()).await {
        Ok(frame) => frame.transpose(),
        Err(_) => Err(Error::Timeout),
    }
    // ANCHOR_END: clock
    // END SOLUTION
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
    // BEGIN SOLUTION: task 3: send, shut down, keep reading for a moment
    // ANCHOR: words
    frames
        .send(Answer::error(Value::Null, reason).body())
        .await?;
    let mut stream = frames.into_inner();
    stream.shutdown().await?;
    // Closing the socket with unread input would send RST, which may
    // overtake the answer. So read the input, but not forever.
    let _ = timeout(LINGER, copy(&mut stream, &mut sink())).await;
    // ANCHOR_END: words
    Ok(())
    // END SOLUTION
}

/// Serves one client, frame by frame, until the end of its input.
///
/// # Errors
///
/// Why the server stopped before that. If a frame was too large or too slow,
/// the client has been told.
pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // BEGIN SOLUTION: tasks 2 and 3: next_frame, answer, send; or last_words
    // Answers are small, and a client waits for each.
    stream.set_nodelay(true)?;
    let mut frames = Framed::new(stream, FrameCodec::new(limits.body));
    let error = loop {
        // ANCHOR: loop
        match next_frame(&mut frames, limits.frame).await {
            // Write before reading more: the server then stops reading from
            // a slow reader, and no answers pile up.
            Ok(Some(body)) => frames.send(answer(&body).body()).await?,
            Ok(None) => return Ok(()),
            Err(error) => break error,
        }
        // ANCHOR_END: loop
    };
    if let Error::TooLarge | Error::Timeout = error {
        last_words(frames, &error.to_string()).await?;
    }
    Err(error)
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
    // BEGIN SOLUTION: task 2: accept a client, spawn a task for it, repeat
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        tokio::spawn(async move {
            if let Err(error) = handle(stream, &limits).await {
                eprintln!("client: {error}");
            }
        });
    }
    // END SOLUTION
}
