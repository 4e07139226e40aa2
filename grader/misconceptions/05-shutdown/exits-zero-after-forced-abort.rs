//! Misconception: the server has ended, so all is well.
//!
//! Must fail:
//! - 05/grace-deadline: promises were broken, and the status is 0
//! - 05/nothing-left: promises were broken, and the status is 0

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
            let _ = handle(&mut stream, &stop, &in_flight).await;
        });
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
            ExitCode::SUCCESS
        }
    })
}
