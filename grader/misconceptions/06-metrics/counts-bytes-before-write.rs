//! Misconception: whatever the server writes will be sent.
//!
//! Must fail:
//! - 06/bytes-exact: it counts an answer that no write accepted

pub async fn handle(
    stream: &mut TcpStream,
    metrics: &Metrics,
) -> Result<(), LineError> {
    let (input, output) = stream.split();
    let count_in = |bytes: &[u8]| metrics.received.add(bytes.len() as u64);
    let count_out = |bytes: &[u8]| metrics.sent.add(bytes.len() as u64);
    let mut lines = Lines::new(InspectReader::new(input, count_in), MAX_LINE);
    let mut output = output;
    loop {
        let line = match lines.next_line().await {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            Err(error @ LineError::Io(_)) => return Err(error),
            Err(error) => {
                // If this fails, too, count only the line's error.
                metrics.sent.add(format!("{error}\n").len() as u64);
                let _ = output.write_all(format!("{error}\n").as_bytes()).await;
                return Err(error);
            }
        };
        let start = Instant::now();
        let answer = reply(&line).await;
        metrics.sent.add(answer.len() as u64);
        output.write_all(answer.as_bytes()).await?;
        metrics.durations.observe(start.elapsed());
        metrics.requests.add(1);
        if answer == BAD_SLEEP {
            metrics.errors(ErrorKind::BadSleep).add(1);
        }
    }
}
