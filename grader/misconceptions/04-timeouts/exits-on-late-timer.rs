//! Misconception: a timer that fires much too late means that the program is
//! broken.
//!
//! Must fail:
//! - 04/paused-process: after a stop, all timers are late

pub async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    let start = Instant::now();
    let started = timeout(limits.idle, lines.wait_for_first_byte()).await;
    if started.is_err() && start.elapsed() > limits.idle * 19 / 10 {
        eprintln!("error: a timer is late");
        std::process::exit(1);
    }
    if !started.map_err(|_| Error::Idle)?? {
        return Ok(None);
    }
    let line = timeout(limits.line, lines.next_line()).await;
    Ok(line.map_err(|_| Error::SlowLine)??)
}
