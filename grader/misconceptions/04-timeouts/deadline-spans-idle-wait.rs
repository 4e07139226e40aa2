//! Misconception: the limit for a line includes the wait for the line.
//!
//! Must fail:
//! - 04/slow-line: the silence before the first byte counts, too

pub async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    // ANCHOR: bug
    let line = async {
        let started = timeout(limits.idle, lines.wait_for_first_byte()).await;
        if !started.map_err(|_| Error::Idle)?? {
            return Ok(None);
        }
        Ok(lines.next_line().await?)
    };
    timeout(limits.line, line)
        .await
        .map_err(|_| Error::SlowLine)?
    // ANCHOR_END: bug
}
