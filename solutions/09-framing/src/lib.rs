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
// BEGIN HIDDEN
use serde_json::Number;
use tokio::io::{copy, sink};
use tokio::time::{sleep, timeout};
// END HIDDEN

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

/// The answer to a frame with this `body` (task 2). One without a byte is no
/// request either, but it is a frame (task 3).
pub fn answer(body: &[u8]) -> Answer {
    // BEGIN SOLUTION: tasks 2 and 3: refuse what is no request, or compute
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
    // BEGIN SOLUTION: tasks 2 and 4: wait for the first byte, then for the rest
    // ANCHOR: clock
    // It may be here already: it came together with the frame before.
    if frames.read_buffer().is_empty() {
        // Looks at it, and leaves it where it is. 0 bytes are the end.
        frames.get_ref().peek(&mut [0]).await?;
    }
    match timeout(limit, frames.next()).await {
        Ok(frame) => frame.transpose(),
        Err(_) => Err(Error::Timeout),
    }
    // ANCHOR_END: clock
    // END SOLUTION
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
    // BEGIN SOLUTION: task 3: send, shut down, read on for a moment
    // ANCHOR: words
    frames
        .send(Answer::error(Value::Null, reason).body())
        .await?;
    let mut stream = frames.into_inner();
    stream.shutdown().await?;
    // Closed with input unread, the socket would send a reset, and that may
    // overtake the answer. What comes is read, but not for ever.
    let _ = timeout(LINGER, copy(&mut stream, &mut sink())).await;
    // ANCHOR_END: words
    Ok(())
    // END SOLUTION
}

/// Serves one client: frame after frame, until the end of its input.
///
/// # Errors
///
/// Why it was ended otherwise. The client has been told by then, if there was
/// something to be told.
pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // BEGIN SOLUTION: tasks 2 and 3: next_frame, answer, send; or last_words
    // Answers are small, and somebody waits for each.
    stream.set_nodelay(true)?;
    let mut frames = Framed::new(stream, FrameCodec::new(limits.body));
    let error = loop {
        // ANCHOR: loop
        match next_frame(&mut frames, limits.frame).await {
            // Written before more is read: so a client that does not take its
            // answers is not heard, and nothing piles up.
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

/// Accepts clients forever and serves each in a task of its own. When `accept`
/// fails (EMFILE), it waits a moment without blocking the thread, and accepts
/// again.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    // BEGIN SOLUTION: task 2: accept a client, spawn a task for it, go on
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
