//! Misconception: a client that has begun a line will complete it.
//!
//! Must fail:
//! - 04/slow-line: the server waits for the rest without a limit

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
