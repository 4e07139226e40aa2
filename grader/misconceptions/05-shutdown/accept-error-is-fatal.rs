//! Misconception: when `accept` fails, the listener is broken.
//!
//! Must fail:
//! - 05/out-of-descriptors: running out of descriptors for a moment ends the
//!   server

pub async fn serve(
    listener: TcpListener,
    mut signals: Signals,
    grace: Duration,
) -> io::Result<ExitCode> {
    let (stop, clients) = (CancellationToken::new(), TaskTracker::new());
    let in_flight = Arc::new(AtomicUsize::new(0));
    loop {
        let (mut stream, _) = tokio::select! {
            () = signals.next() => break,
            accepted = listener.accept() => accepted?,
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
        () = clients.wait() => {}
        () = sleep(grace) => {}
        () = signals.next() => return Ok(ExitCode::from(130)),
    }
    Ok(match in_flight.load(Ordering::Relaxed) {
        0 => ExitCode::SUCCESS,
        number => {
            eprintln!("forced: {number} connections aborted");
            ExitCode::FAILURE
        }
    })
}
