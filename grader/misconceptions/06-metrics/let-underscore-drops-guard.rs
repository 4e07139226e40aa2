//! Misconception: `let _ = …` keeps its value.
//!
//! Must fail:
//! - 06/gauge-returns: the value is dropped immediately, so no client is
//!   counted

pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            // ANCHOR: bug
            mut stream = accept(&listener) => {
                metrics.connections.add(1);
                let _ = Active::begin(&metrics);
                let metrics = Arc::clone(&metrics);
                clients.spawn(async move {
                    // ANCHOR_END: bug
                    match handle(&mut stream, &metrics).await {
                        Ok(()) => {}
                        Err(LineError::TooLong) => metrics.errors(ErrorKind::LineTooLong).add(1),
                        Err(LineError::NotUtf8) => metrics.errors(ErrorKind::NotUtf8).add(1),
                        Err(LineError::Io(_)) => metrics.errors(ErrorKind::Io).add(1),
                    }
                });
            }
            Some(result) = clients.join_next() => {
                if result.is_err_and(|error| error.is_panic()) {
                    metrics.errors(ErrorKind::Panic).add(1);
                }
            }
        }
    }
}
