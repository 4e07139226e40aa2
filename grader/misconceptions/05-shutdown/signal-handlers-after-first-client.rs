//! Misconception: handlers are needed only once there are clients to lose.
//!
//! Must fail:
//! - 05/early-signal: a signal before the first client kills the program

pub struct Signals {
    installed: Option<(Signal, Signal)>,
}

pub fn signals() -> io::Result<Signals> {
    Ok(Signals { installed: None })
}

impl Signals {
    pub async fn next(&mut self) {
        let Some((terminate, interrupt)) = &mut self.installed else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

pub async fn serve(
    listener: TcpListener,
    mut signals: Signals,
    grace: Duration,
) -> io::Result<ExitCode> {
    let (stop, clients) = (CancellationToken::new(), TaskTracker::new());
    let in_flight = Arc::new(AtomicUsize::new(0));
    loop {
        if !clients.is_empty() && signals.installed.is_none() {
            let terminate = signal(SignalKind::terminate())?;
            let interrupt = signal(SignalKind::interrupt())?;
            signals.installed = Some((terminate, interrupt));
        }
        let mut stream = tokio::select! {
            () = signals.next() => break,
            stream = accept(&listener) => stream,
        };
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
        number => {
            eprintln!("forced: {number} connections aborted");
            ExitCode::FAILURE
        }
    })
}
