//! Misconception: a client is served where it is accepted.
//!
//! Must fail:
//! - 05/sleeps-overlap: the second client waits until the first has gone
//! - 05/listener-first: nobody hears the signal while a client is served
//! - 05/in-flight-completes: nobody hears the signal while a client is served
//! - 05/idle-closed: nobody hears the signal while a client is served
//! - 05/grace-deadline: nobody hears the signal while a client is served
//! - 05/second-signal: nobody hears the signal while a client is served
//! - 05/nothing-left: nobody hears the signal while a client is served
//! - 05/restart-same-port: nobody hears the signal while a client is served

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
        let _ = handle(&mut stream, &stop, &in_flight).await;
    }
    // The promises that were made are kept, and no new ones made.
    drop(listener);
    stop.cancel();
    clients.close();
    tokio::select! {
        () = clients.wait() => {}
        () = sleep(grace) => {}
        () = signals.next() => return Ok(ExitCode::from(130)),
    }
    Ok(match in_flight.load(Ordering::Relaxed) {
        // Who is left, if anybody, has been promised nothing.
        0 => ExitCode::SUCCESS,
        number => {
            eprintln!("forced: {number} connections aborted");
            ExitCode::FAILURE
        }
    })
}
