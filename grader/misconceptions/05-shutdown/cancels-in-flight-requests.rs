//! Misconception: a task must stop as soon as it is told to.
//!
//! Must fail:
//! - 05/listener-first: the answer is lost
//! - 05/in-flight-completes: select! drops the answer it awaits
//! - 05/idle-closed: select! drops the answer it awaits
//! - 05/grace-deadline: no request is left to wait for
//! - 05/second-signal: the first signal already ends the server
//! - 05/nothing-left: the server does not drain

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
        // ANCHOR: bug
        clients.spawn(async move {
            tokio::select! {
                result = handle(&mut stream, &stop, &in_flight) => {
                    if let Err(error) = result {
                        eprintln!("client: {error}");
                    }
                }
                () = stop.cancelled() => {}
            }
        });
        // ANCHOR_END: bug
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
        // Any remaining client has been promised nothing.
        0 => ExitCode::SUCCESS,
        number => {
            eprintln!("forced: {number} connections aborted");
            ExitCode::FAILURE
        }
    })
}
