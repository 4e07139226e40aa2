//! Misconception: a task that must stop answers immediately instead of waiting.
//!
//! Nondeterministic: the server may or may not have ended when the second signal arrives
//!
//! Must fail:
//! - 05/in-flight-completes: requests in flight are cut short
//! - 05/grace-deadline: no request is left to abort
//! - 05/second-signal: the first signal already ends everything
//! - 05/nothing-left: every request ends before the grace period does

async fn reply(line: &str, stop: &CancellationToken) -> String {
    match Request::parse(line) {
        Request::Echo(text) => echo(text),
        Request::Sleep(time, text) => {
            tokio::select! {
                () = sleep(time) => {}
                () = stop.cancelled() => {}
            }
            echo(text)
        }
        Request::BadSleep => BAD_SLEEP.to_owned(),
    }
}

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
                let text = reply(&line, stop).await;
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
