//! Misconception: a timeout around the conversation is a timeout for silence.
//!
//! Must fail:
//! - 04/activity-resets: a client that keeps sending lines is closed anyway
//! - 04/timers-are-per-client: a client that keeps sending lines is closed
//!   anyway
//! - 04/blocking-work: the client is closed while its WORK still runs

pub async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    limits: &Limits,
) -> Result<Option<String>, Error> {
    if !lines.wait_for_first_byte().await? {
        return Ok(None);
    }
    let line = timeout(limits.line, lines.next_line()).await;
    Ok(line.map_err(|_| Error::SlowLine)??)
}

pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        tokio::spawn(async move {
            let served = timeout(limits.idle, handle(&mut stream, &limits));
            let served = match served.await {
                Ok(served) => served,
                Err(_) => {
                    let reason = format!("{}\n", Error::Idle);
                    answer(&mut stream, &reason, &limits).await
                }
            };
            if let Err(error) = served {
                eprintln!("client: {error}");
            }
        });
    }
}
