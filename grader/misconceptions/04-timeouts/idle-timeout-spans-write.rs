//! Misconception: a client that does not read its answer for the idle time is
//! idle.
//!
//! Must fail:
//! - 04/activity-resets: a client that reads its answers later than the idle
//!   time loses the rest of them

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
                let written = answer(&mut output, &text, limits);
                match timeout(limits.idle, written).await {
                    Ok(written) => written?,
                    Err(_) => return Err(Error::Idle),
                }
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
