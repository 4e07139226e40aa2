//! Misconception: a joined task has succeeded.
//!
//! Must fail:
//! - 06/errors-by-kind: a task's panic ends the accept loop
//! - 06/gauge-returns: the server is gone
//! - 06/panic-survives: one task's panic ends the server for everyone

pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            mut stream = accept(&listener) => {
                metrics.connections.add(1);
                let active = Active::begin(&metrics);
                let metrics = Arc::clone(&metrics);
                clients.spawn(async move {
                    let _active = active;
                    match handle(&mut stream, &metrics).await {
                        Ok(()) => {}
                        Err(LineError::TooLong) => metrics.errors(ErrorKind::LineTooLong).add(1),
                        Err(LineError::NotUtf8) => metrics.errors(ErrorKind::NotUtf8).add(1),
                        Err(LineError::Io(_)) => metrics.errors(ErrorKind::Io).add(1),
                    }
                });
            }
            Some(result) = clients.join_next() => {
                result.unwrap();
            }
        }
    }
}
