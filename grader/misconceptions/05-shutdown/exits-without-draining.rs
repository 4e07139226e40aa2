//! Misconception: tasks go on until they are done.
//!
//! Must fail:
//! - 05/listener-first: the answer is lost
//! - 05/in-flight-completes: the runtime drops the tasks when main returns
//! - 05/idle-closed: the runtime drops the task of an idle client, too
//! - 05/grace-deadline: the server ends at once, without any grace period
//! - 05/second-signal: the first one is enough
//! - 05/nothing-left: the drain does not happen

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
    // Tasks continue until they are done.
    drop(listener);
    stop.cancel();
    clients.close();
    Ok(ExitCode::SUCCESS)
}
