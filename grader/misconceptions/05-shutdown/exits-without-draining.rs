//! Misconception: tasks run until they are done.
//!
//! Must fail:
//! - 05/listener-first: the answer is lost
//! - 05/in-flight-completes: the runtime drops the tasks when `main` returns
//! - 05/idle-closed: the runtime drops an idle client's task, too
//! - 05/grace-deadline: the server ends immediately, without a grace period
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
        clients.spawn(async move {
            let _ = handle(&mut stream, &stop, &in_flight).await;
        });
    }
    // Tasks run until they are done.
    drop(listener);
    stop.cancel();
    clients.close();
    Ok(ExitCode::SUCCESS)
}
