//! Misconception: the idle time is the time between two lines of a client.
//!
//! Must fail:
//! - 04/activity-resets: a SLEEP longer than the limit disconnects the client
//!   that waits for its answer
//! - 04/blocking-work: a WORK longer than the limit disconnects the client that
//!   waits for its answer

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
                let text = timeout(limits.idle, reply(&line)).await;
                let text = match text {
                    Ok(text) => text?,
                    Err(_) => format!("{}\n", Error::Idle),
                };
                answer(&mut output, &text, limits).await?;
                if text.starts_with("ERR idle") {
                    return Err(Error::Idle);
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
