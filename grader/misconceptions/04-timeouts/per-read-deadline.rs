//! Misconception: a line that grows is not slow.
//! Adds: Timed, impl AsyncRead for Timed<R>
//!
//! Must fail:
//! - 04/slow-line: an occasional byte keeps the line open

use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;
use tokio::time::Sleep;

/// An input with a time limit for each read.
struct Timed<R> {
    input: R,
    limit: Duration,
    end: Option<Pin<Box<Sleep>>>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Timed<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // ANCHOR: bug
        let limit = self.limit;
        let read = Pin::new(&mut self.input).poll_read(context, buffer);
        if read.is_ready() {
            self.end = None;
            return read;
        }
        let end = self.end.get_or_insert_with(|| Box::pin(sleep(limit)));
        if end.as_mut().poll(context).is_ready() {
            self.end = None;
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
        // ANCHOR_END: bug
    }
}

pub async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    let started = timeout(limits.idle, async {
        loop {
            match lines.wait_for_first_byte().await {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
                started => return started,
            }
        }
    });
    if !started.await.map_err(|_| Error::Idle)?? {
        return Ok(None);
    }
    // Each read of the input has its own limit.
    lines.next_line().await.map_err(|error| match error {
        LineError::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
            Error::SlowLine
        }
        error => error.into(),
    })
}

pub async fn handle(
    stream: &mut TcpStream,
    limits: &Limits,
) -> Result<(), Error> {
    let (input, mut output) = stream.split();
    let mut lines = Lines::new(
        Timed {
            input,
            limit: limits.line,
            end: None,
        },
        MAX_LINE,
    );
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
}
