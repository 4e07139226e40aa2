//! Misconception: a refused line means a broken connection.
//!
//! Must fail:
//! - 06/errors-by-kind: a refused line counts twice

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
                    let result = handle(&mut stream, &metrics).await;
                    if result.is_err() {
                        metrics.errors(ErrorKind::Io).add(1);
                    }
                    match result {
                        Ok(()) => {}
                        Err(LineError::TooLong) => metrics.errors(ErrorKind::LineTooLong).add(1),
                        Err(LineError::NotUtf8) => metrics.errors(ErrorKind::NotUtf8).add(1),
                        Err(LineError::Io(_)) => {}
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
