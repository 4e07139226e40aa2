//! Misconception: failed streams are kept for the log.
//! Adds: BROKEN
//!
//! Must fail:
//! - 06/descriptors-return: the sockets of reset clients stay open

static BROKEN: std::sync::Mutex<Vec<TcpStream>> =
    std::sync::Mutex::new(Vec::new());

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
                        Err(LineError::Io(_)) => {
                            metrics.errors(ErrorKind::Io).add(1);
                            BROKEN.lock().unwrap().push(stream);
                        }
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
