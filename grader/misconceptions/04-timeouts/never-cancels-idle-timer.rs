//! Misconception: a timer cancels itself when its wait ends.
//!
//! Must fail:
//! - 04/activity-resets: the timer of an earlier wait ends the client later
//! - 04/timers-are-per-client: the timer of an earlier wait ends the client
//!   later
//! - 04/blocking-work: it does so while the client waits for its answer

use std::sync::Arc;
use tokio::sync::Notify;

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

pub async fn handle(
    stream: &mut TcpStream,
    limits: &Limits,
) -> Result<(), Error> {
    let (input, mut output) = stream.split();
    let mut lines = Lines::new(input, MAX_LINE);
    let over = Arc::new(Notify::new());
    loop {
        let (rings, idle) = (Arc::clone(&over), limits.idle);
        tokio::spawn(async move {
            sleep(idle).await;
            rings.notify_one();
        });
        let line = tokio::select! {
            line = next_line(&mut lines, limits) => line,
            () = over.notified() => Err(Error::Idle),
        };
        let error = match line {
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
