//! Misconception: reading a line takes no time, so a few slots for readers are
//! enough.
//! Adds: READERS
//!
//! Must fail:
//! - 04/others-unaffected: clients in the middle of a line occupy the slots

use tokio::sync::Semaphore;

/// How many lines may be read at the same time.
static READERS: Semaphore = Semaphore::const_new(64);

pub async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    let started = timeout(limits.idle, lines.wait_for_first_byte()).await;
    if !started.map_err(|_| Error::Idle)?? {
        return Ok(None);
    }
    let _place = READERS.acquire().await.map_err(io::Error::other)?;
    let line = timeout(limits.line, lines.next_line()).await;
    Ok(line.map_err(|_| Error::SlowLine)??)
}
