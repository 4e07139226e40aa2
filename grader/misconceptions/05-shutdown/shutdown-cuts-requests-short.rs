//! Misconception: who is told to stop need not wait any longer, and answers at
//! once.
//!
//! Nondeterministic: whether it has ended when the second signal comes
//!
//! Must fail:
//! - 05/in-flight-completes: the requests under way are cut short
//! - 05/grace-deadline: nothing is left to be aborted
//! - 05/second-signal: the first one ends all
//! - 05/nothing-left: so it does where the grace time should be over

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
            // A line that is there is a promise; so it is looked at first.
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
    // The end first, then what the client may still send: so no reset follows.
    output.shutdown().await?;
    let _ = timeout(LINGER, copy(stream, &mut sink())).await;
    Ok(())
}
