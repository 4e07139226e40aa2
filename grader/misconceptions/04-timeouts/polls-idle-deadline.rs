//! Misconception: the server must check the clock itself.
//!
//! Must fail:
//! - 04/no-polling: each client wakes the thread 100 times a second

pub async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    let start = Instant::now();
    loop {
        match timeout(Duration::from_millis(10), lines.wait_for_first_byte())
            .await
        {
            Ok(Ok(true)) => break,
            Ok(Ok(false)) => return Ok(None),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) if start.elapsed() >= limits.idle => {
                return Err(Error::Idle);
            }
            Err(_) => {}
        }
    }
    let line = timeout(limits.line, lines.next_line()).await;
    Ok(line.map_err(|_| Error::SlowLine)??)
}
