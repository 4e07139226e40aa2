//! Misconception: numbers that change together need a common lock.
//! Adds: TOGETHER
//!
//! Must fail:
//! - 06/panic-survives: a panic poisons the lock, so every later request panics, too

static TOGETHER: std::sync::Mutex<()> = std::sync::Mutex::new(());

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
            Err(error @ LineError::Io(_)) => return Err(error),
            Err(error) => {
                // If this fails, too, count only the line's error.
                let _ = output.write_all(format!("{error}\n").as_bytes()).await;
                return Err(error);
            }
        };
        let start = Instant::now();
        {
            let _together = TOGETHER.lock().unwrap();
            assert_ne!(line, "PANIC");
            metrics.requests.add(1);
        }
        let answer = reply(&line).await;
        output.write_all(answer.as_bytes()).await?;
        metrics.durations.observe(start.elapsed());
        if answer == BAD_SLEEP {
            metrics.errors(ErrorKind::BadSleep).add(1);
        }
    }
}
