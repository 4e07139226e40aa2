//! Misconception: an error that is counted need not be sent.
//!
//! Must fail:
//! - 06/error-lines: a client whose line is refused gets no reason
//! - 06/bytes-exact: the error line's bytes are never sent

pub async fn handle(
    stream: &mut TcpStream,
    metrics: &Metrics,
) -> Result<(), LineError> {
    let (input, output) = stream.split();
    let count_in = |bytes: &[u8]| metrics.received.add(bytes.len() as u64);
    let count_out = |bytes: &[u8]| metrics.sent.add(bytes.len() as u64);
    let mut lines = Lines::new(InspectReader::new(input, count_in), MAX_LINE);
    let mut output = InspectWriter::new(output, count_out);
    loop {
        let line = match lines.next_line().await {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            Err(error) => return Err(error),
        };
        let start = Instant::now();
        let answer = reply(&line).await;
        output.write_all(answer.as_bytes()).await?;
        metrics.durations.observe(start.elapsed());
        metrics.requests.add(1);
        if answer == BAD_SLEEP {
            metrics.errors(ErrorKind::BadSleep).add(1);
        }
    }
}
