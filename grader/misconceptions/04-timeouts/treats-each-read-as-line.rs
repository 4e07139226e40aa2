//! Misconception: one read returns one line.
//! Adds: one_read
//!
//! Must fail:
//! - 04/echo-lines: three lines in one piece get one answer

use tokio::io::AsyncReadExt;

/// What one read returned.
async fn one_read<R: AsyncRead + Unpin>(
    input: &mut R,
    buffer: &mut [u8],
    limits: &Limits,
) -> Result<Option<String>, Error> {
    let read = timeout(limits.idle, input.read(buffer)).await;
    let count = read.map_err(|_| Error::Idle)??;
    let text = String::from_utf8_lossy(&buffer[..count]);
    Ok((count > 0).then(|| text.trim_end().to_owned()))
}

pub async fn handle(
    stream: &mut TcpStream,
    limits: &Limits,
) -> Result<(), Error> {
    let (mut input, mut output) = stream.split();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let error = match one_read(&mut input, &mut buffer, limits).await {
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
