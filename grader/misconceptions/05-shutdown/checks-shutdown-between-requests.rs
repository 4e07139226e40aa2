//! Misconception: a task checks whether to stop before it reads the next line.
//!
//! Must fail:
//! - 05/idle-closed: an idle client's task waits for a line and checks nothing
//! - 05/restart-same-port: the server waits for an idle client

pub async fn handle(
    stream: &mut TcpStream,
    stop: &CancellationToken,
    in_flight: &Arc<AtomicUsize>,
) -> Result<(), Error> {
    let (input, mut output) = stream.split();
    let mut lines = Lines::new(input, MAX_LINE);
    loop {
        let line = lines.next_line().await;
        match line {
            Ok(Some(line)) => {
                let _in_flight = InFlight::begin(in_flight);
                let text = reply(&line).await;
                output.write_all(text.as_bytes()).await?;
                if stop.is_cancelled() {
                    break;
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
    // Shut down, then read what the client still sends, so that no RST follows.
    output.shutdown().await?;
    let _ = timeout(LINGER, copy(stream, &mut sink())).await;
    Ok(())
}
