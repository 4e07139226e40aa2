//! Misconception: a client that was promised nothing may be reset.
//!
//! Must fail:
//! - 05/in-flight-completes: a client that has its answer gets RST instead of
//!   FIN
//! - 05/idle-closed: an idle client gets RST instead of FIN
//! - 05/restart-same-port: no connection enters TIME_WAIT

pub async fn handle(
    stream: &mut TcpStream,
    stop: &CancellationToken,
    in_flight: &Arc<AtomicUsize>,
) -> Result<(), Error> {
    let (input, mut output) = stream.split();
    let mut lines = Lines::new(input, MAX_LINE);
    loop {
        let line = tokio::select! {
            // A complete line is a promise, so it takes precedence.
            biased;
            line = lines.next_line() => line,
            () = stop.cancelled() => break,
        };
        match line {
            Ok(Some(line)) => {
                let _in_flight = InFlight::begin(in_flight);
                let text = reply(&line).await;
                output.write_all(text.as_bytes()).await?;
                if stop.is_cancelled() {
                    return Ok(());
                }
            }
            Ok(None) => return Ok(()),
            Err(error @ LineError::Io(_)) => return Err(error.into()),
            Err(error) => {
                output.write_all(format!("{error}\n").as_bytes()).await?;
                return Err(error.into());
            }
        }
    }
    stream.set_zero_linger()?;
    Ok(())
}
