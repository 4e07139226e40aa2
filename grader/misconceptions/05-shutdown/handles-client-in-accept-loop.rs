//! Misconception: the accept loop can serve each client itself.
//!
//! Must fail:
//! - 05/sleeps-overlap: the second client waits until the first leaves
//! - 05/listener-first: the loop ignores signals while it serves a client
//! - 05/in-flight-completes: the loop ignores signals while it serves a client
//! - 05/idle-closed: the loop ignores signals while it serves a client
//! - 05/grace-deadline: the loop ignores signals while it serves a client
//! - 05/second-signal: the loop ignores signals while it serves a client
//! - 05/nothing-left: the loop ignores signals while it serves a client
//! - 05/restart-same-port: the loop ignores signals while it serves a client

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
    // Keep the promises already made, and make no new ones.
    drop(listener);
    stop.cancel();
    clients.close();
    tokio::select! {
        () = clients.wait() => {}
        () = sleep(grace) => {}
        () = signals.next() => return Ok(ExitCode::from(130)),
    }
    Ok(match in_flight.load(Ordering::Relaxed) {
        // Any remaining client has been promised nothing.
        0 => ExitCode::SUCCESS,
        number => {
            eprintln!("forced: {number} connections aborted");
            ExitCode::FAILURE
        }
    })
}
