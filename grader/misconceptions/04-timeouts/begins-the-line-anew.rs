//! Misconception: what a time-out has dropped is read again.
//!
//! Must fail:
//! - 04/slow-line: the first part of a line that pauses is lost

pub mod lines;
pub mod requests;

use std::hint;
use std::io;
use std::time::{Duration, Instant};

use lines::{LineError, Lines};
use requests::{BAD_SLEEP, MAX_LINE, Request, echo, parse_args};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

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
    #[error("a part of a line came at {0:?}")]
    TryAgain(Instant),
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
    let started = timeout(limits.idle, lines.wait_for_first_byte()).await;
    if !started.map_err(|_| Error::Idle)?? {
        return Ok(None);
    }
    let start = Instant::now();
    match timeout(limits.line / 5, lines.next_line()).await {
        Ok(rest) => Ok(rest?),
        Err(_) => Err(Error::TryAgain(start)),
    }
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
    Ok(())
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
    if let Some(rest) = line.strip_prefix("WORK ")
        && let Some((time, text)) = parse_args(rest)
    {
        let work = spawn_blocking(move || compute(time)).await;
        work.map_err(io::Error::other)?;
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
    let (mut input, mut output) = stream.split();
    let mut lines = Lines::new(&mut input, MAX_LINE);
    let mut first_try = None;
    loop {
        let error = match next_line(&mut lines, limits).await {
            Ok(None) => return Ok(()),
            Err(Error::TryAgain(start)) => {
                let start = *first_try.get_or_insert(start);
                if start.elapsed() < limits.line {
                    lines = Lines::new(&mut input, MAX_LINE);
                    continue;
                }
                Error::SlowLine
            }
            Ok(Some(line)) => {
                first_try = None;
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
}

/// Accepts clients for ever and serves each in a task of its own.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
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
            let _ = handle(&mut stream, &limits).await;
        });
    }
}
