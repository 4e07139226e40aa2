//! Misconception: connections that are open when the grace period ends were
//! aborted, idle or not.
//!
//! Must fail:
//! - 05/idle-closed: nothing is in flight, but the status reports aborted
//!   connections

/// How long to read what a client still sends.
const LINGER: Duration = Duration::from_secs(1);

pub async fn serve(
    listener: TcpListener,
    mut signals: Signals,
    grace: Duration,
) -> io::Result<ExitCode> {
    let (stop, clients) = (CancellationToken::new(), TaskTracker::new());
    let in_flight = Arc::new(AtomicUsize::new(0));
    loop {
        let mut stream = tokio::select! {
            () = signals.next() => break,
            stream = accept(&listener) => stream,
        };
        let (stop, in_flight) = (stop.clone(), Arc::clone(&in_flight));
        clients.spawn(async move {
            if let Err(error) = handle(&mut stream, &stop, &in_flight).await {
                eprintln!("client: {error}");
            }
        });
    }
    drop(listener);
    stop.cancel();
    clients.close();
    tokio::select! {
        () = clients.wait() => return Ok(ExitCode::SUCCESS),
        () = sleep(grace) => {}
        () = signals.next() => return Ok(ExitCode::from(130)),
    }
    let number = in_flight.load(Ordering::Relaxed);
    eprintln!("forced: {number} connections aborted");
    Ok(ExitCode::FAILURE)
}
