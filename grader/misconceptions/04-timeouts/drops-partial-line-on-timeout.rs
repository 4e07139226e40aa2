//! Misconception: bytes that a timeout dropped are read again.
//!
//! Must fail:
//! - 04/slow-line: if a line pauses, its first part is lost

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
    /// The client does not read, so it cannot be told.
    #[error("the client takes no byte of its answer")]
    Stalled,
    #[error(transparent)]
    Io(#[from] io::Error),
}

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
