//! Misconception: a client that has begun a line will end it.
//!
//! Must fail:
//! - 04/slow-line: the rest is waited for without a limit

pub async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    let started = timeout(limits.idle, lines.wait_for_first_byte()).await;
    if !started.map_err(|_| Error::Idle)?? {
        return Ok(None);
    }
    Ok(lines.next_line().await?)
}
