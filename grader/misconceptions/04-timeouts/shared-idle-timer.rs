//! Misconception: one timer that every line resets is enough.
//! Adds: LAST, touch
//!
//! Must fail:
//! - 04/timers-are-per-client: while one client is active, no other client is
//!   closed

use std::sync::{Mutex, PoisonError};
use tokio::time::timeout_at;

/// When the last line arrived.
static LAST: Mutex<Option<Instant>> = Mutex::new(None);

fn touch() {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    *last = Some(Instant::now());
}

pub async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    loop {
        let since = *LAST.lock().unwrap_or_else(PoisonError::into_inner);
        let end = since.unwrap_or_else(Instant::now) + limits.idle;
        match timeout_at(end.into(), lines.wait_for_first_byte()).await {
            Ok(Ok(true)) => break,
            Ok(Ok(false)) => return Ok(None),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                let now = *LAST.lock().unwrap_or_else(PoisonError::into_inner);
                if now == since {
                    return Err(Error::Idle);
                }
            }
        }
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
    loop {
        let error = match next_line(&mut lines, limits).await {
            Ok(None) => return Ok(()),
            Ok(Some(line)) => {
                let text = reply(&line).await?;
                answer(&mut output, &text, limits).await?;
                touch();
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

pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        touch();
        tokio::spawn(async move {
            let _ = handle(&mut stream, &limits).await;
        });
    }
}
