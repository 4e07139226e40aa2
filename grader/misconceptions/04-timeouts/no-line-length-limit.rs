//! Misconception: a line is whatever `read_line` returns.
//! Adds: whole_line
//!
//! Must fail:
//! - 04/long-line: the server buffers the line, however long it grows

use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};

/// Reads the next line.
async fn whole_line<R: AsyncBufRead + Unpin>(
    input: &mut R,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    let started = timeout(limits.idle, input.fill_buf()).await;
    if started.map_err(|_| Error::Idle)??.is_empty() {
        return Ok(None);
    }
    let mut line = Vec::new();
    let rest = timeout(limits.line, input.read_until(b'\n', &mut line)).await;
    rest.map_err(|_| Error::SlowLine)??;
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    let line = String::from_utf8(line).map_err(|_| LineError::NotUtf8)?;
    Ok(Some(line))
}

pub async fn handle(
    stream: &mut TcpStream,
    limits: &Limits,
) -> Result<(), Error> {
    let (input, mut output) = stream.split();
    let mut input = BufReader::new(input);
    loop {
        let error = match whole_line(&mut input, limits).await {
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
