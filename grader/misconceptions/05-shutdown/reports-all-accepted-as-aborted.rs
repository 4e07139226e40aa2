//! Misconception: a connection is a request.
//!
//! Must fail:
//! - 05/grace-deadline: it counts every client ever accepted

pub async fn serve(
    listener: TcpListener,
    mut signals: Signals,
    grace: Duration,
) -> io::Result<ExitCode> {
    let (stop, clients) = (CancellationToken::new(), TaskTracker::new());
    let in_flight = Arc::new(AtomicUsize::new(0));
    let mut accepted = 0;
    loop {
        let mut stream = tokio::select! {
            () = signals.next() => break,
            stream = accept(&listener) => stream,
        };
        accepted += 1;
        let (stop, in_flight) = (stop.clone(), Arc::clone(&in_flight));
        clients.spawn(async move {
            let _ = handle(&mut stream, &stop, &in_flight).await;
        });
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
        _ => {
            let number = accepted;
            eprintln!("forced: {number} connections aborted");
            ExitCode::FAILURE
        }
    })
}
