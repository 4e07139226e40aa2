//! Misconception: when `accept` fails, the listener is broken.
//!
//! Must fail:
//! - 06/out-of-descriptors: running out of descriptors for a moment ends the
//!   server

pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (mut stream, _) = accepted?;
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
                if result.is_err_and(|error| error.is_panic()) {
                    metrics.errors(ErrorKind::Panic).add(1);
                }
            }
        }
    }
}
