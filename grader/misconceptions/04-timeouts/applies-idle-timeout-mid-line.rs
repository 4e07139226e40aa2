//! Misconception: a client that sends nothing is idle.
//!
//! Must fail:
//! - 04/activity-resets: a pause in the middle of a line disconnects the client

pub async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    let started = timeout(limits.idle, lines.wait_for_first_byte()).await;
    if !started.map_err(|_| Error::Idle)?? {
        return Ok(None);
    }
    let rest = async {
        let mut rest = std::pin::pin!(lines.next_line());
        timeout(limits.idle, &mut rest).await
    };
    match timeout(limits.line, rest).await {
        Ok(Ok(rest)) => Ok(rest?),
        Ok(Err(_)) => Err(Error::Idle),
        Err(_) => Err(Error::SlowLine),
    }
}
