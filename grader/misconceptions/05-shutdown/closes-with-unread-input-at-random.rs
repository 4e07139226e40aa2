//! Misconception: `select!` prefers a complete line.
//! Nondeterministic: `select!` picks one of two ready branches at random
//!
//! Must fail:
//! - 05/in-flight-completes: if the next line is unread, closing the socket
//!   sends RST

pub async fn handle(
    stream: &mut TcpStream,
    stop: &CancellationToken,
    in_flight: &Arc<AtomicUsize>,
) -> Result<(), Error> {
    let (input, mut output) = stream.split();
    let mut lines = Lines::new(input, MAX_LINE);
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line,
            () = stop.cancelled() => return Ok(()),
        };
        match line {
            Ok(Some(line)) => {
                let _in_flight = InFlight::begin(in_flight);
                let text = reply(&line).await;
                output.write_all(text.as_bytes()).await?;
            }
            Ok(None) => return Ok(()),
            Err(error @ LineError::Io(_)) => return Err(error.into()),
            Err(error) => {
                output.write_all(format!("{error}\n").as_bytes()).await?;
                return Err(error.into());
            }
        }
    }
}
