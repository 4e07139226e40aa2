//! Misconception: a client that takes long to read must be disconnected.
//!
//! Must fail:
//! - 04/stalled-reader: the time that a slow client takes to read is added up

pub async fn handle(
    stream: &mut TcpStream,
    limits: &Limits,
) -> Result<(), Error> {
    let (input, mut output) = stream.split();
    let mut limits = *limits;
    let mut lines = Lines::new(input, MAX_LINE);
    loop {
        let error = match next_line(&mut lines, &limits).await {
            Ok(None) => return Ok(()),
            Ok(Some(line)) => {
                let text = reply(&line).await?;
                let start = Instant::now();
                answer(&mut output, &text, &limits).await?;
                limits.write = limits.write.saturating_sub(start.elapsed());
                continue;
            }
            Err(error) => error,
        };
        if !matches!(error, Error::Io(_) | Error::Line(LineError::Io(_))) {
            answer(&mut output, &format!("{error}\n"), &limits).await?;
        }
        return Err(error);
    }
}
