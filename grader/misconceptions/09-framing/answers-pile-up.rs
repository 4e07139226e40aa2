//! Misconception: a client that asks reads its answers.
//!
//! Must fail:
//! - 09/bad-client-isolated: answers pile up for a client that does not read

pub mod codec;
pub mod requests;

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use codec::FrameCodec;
use futures_util::{SinkExt, StreamExt};
use requests::{Answer, BAD_JSON, BAD_VALUE, EMPTY_FRAME, Request, UNKNOWN_OP};
use serde_json::Number;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::io::{copy, sink};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::codec::{FramedRead, FramedWrite};

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
}

/// The answer to a frame with this `body` (task 2). One without a byte is no
/// request either, but it is a frame (task 3).
pub fn answer(body: &[u8]) -> Answer {
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
    frames: &mut FramedRead<OwnedReadHalf, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    // It may be here already: it came together with the frame before.
    if frames.read_buffer().is_empty() {
        // Looks at it, and leaves it where it is. 0 bytes are the end.
        frames.get_mut().peek(&mut [0]).await?;
    }
    match timeout(limit, frames.next()).await {
        Ok(frame) => frame.transpose(),
        Err(_) => Err(Error::Timeout),
    }
}

/// Serves one client: frame after frame, until the end of its input.
///
/// # Errors
///
/// Why it was ended otherwise. The client has been told by then, if there was
/// something to be told.
pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // Answers are small, and somebody waits for each.
    stream.set_nodelay(true)?;
    let codec = FrameCodec::new(limits.body);
    let (input, output) = stream.into_split();
    let mut frames = FramedRead::new(input, codec);
    let mut output = FramedWrite::new(output, codec);
    // So that reading never has to wait for writing.
    let (done, mut answers) = mpsc::unbounded_channel();
    let writer = tokio::spawn(async move {
        while let Some(answer) = answers.recv().await {
            output.send(answer).await?;
        }
        output.get_mut().shutdown().await?;
        Ok::<_, Error>(())
    });
    let error = loop {
        match next_frame(&mut frames, limits.frame).await {
            Ok(Some(body)) => {
                let _ = done.send(answer(&body).body());
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    if let Some(error @ (Error::TooLarge | Error::Timeout)) = &error {
        let _ =
            done.send(Answer::error(Value::Null, &error.to_string()).body());
    }
    drop(done);
    let _ = writer.await;
    let Some(error) = error else { return Ok(()) };
    let _ = timeout(LINGER, copy(frames.get_mut(), &mut sink())).await;
    Err(error)
}

/// Accepts clients for ever and serves each in a task of its own.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
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
            let _ = handle(stream, &limits).await;
        });
    }
}
