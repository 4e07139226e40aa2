//! Misconception: an answer in the writer task's queue has been sent.
//!
//! Must fail:
//! - 05/unread-answers: the program ends while the writer is in the middle of
//!   an answer

pub async fn handle(
    stream: &mut TcpStream,
    stop: &CancellationToken,
    in_flight: &Arc<AtomicUsize>,
) -> Result<(), Error> {
    use std::os::fd::AsFd;
    let writer = stream.as_fd().try_clone_to_owned()?;
    let mut output = TcpStream::from_std(writer.into())?;
    let (sender, mut queue) = tokio::sync::mpsc::channel::<String>(8);
    tokio::spawn(async move {
        while let Some(text) = queue.recv().await {
            if output.write_all(text.as_bytes()).await.is_err() {
                break;
            }
        }
        let _ = output.shutdown().await;
    });
    let mut lines = Lines::new(&mut *stream, MAX_LINE);
    loop {
        let line = tokio::select! {
            biased;
            line = lines.next_line() => line,
            () = stop.cancelled() => break,
        };
        match line {
            Ok(Some(line)) => {
                let _in_flight = InFlight::begin(in_flight);
                let text = reply(&line).await;
                let _ = sender.send(text).await;
                if stop.is_cancelled() {
                    break;
                }
            }
            Ok(None) => return Ok(()),
            Err(error @ LineError::Io(_)) => return Err(error.into()),
            Err(error) => {
                let _ = sender.send(format!("{error}\n")).await;
                return Err(error.into());
            }
        }
    }
    drop(sender);
    let _ = timeout(LINGER, copy(stream, &mut sink())).await;
    Ok(())
}
