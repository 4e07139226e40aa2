//! Misconception: a silent client costs nothing.
//!
//! Must fail:
//! - 04/idle-closes: the server waits for a client without a limit

pub async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    if !lines.wait_for_first_byte().await? {
        return Ok(None);
    }
    let line = timeout(limits.line, lines.next_line()).await;
    Ok(line.map_err(|_| Error::SlowLine)??)
}
