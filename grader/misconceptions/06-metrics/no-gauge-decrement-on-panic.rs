//! Misconception: code at the end of a task always runs.
//!
//! Must fail:
//! - 06/gauge-returns: it does not run after a panic

use std::mem::ManuallyDrop;

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
                    let active = ManuallyDrop::new(active);
                    match handle(&mut stream, &metrics).await {
                        Ok(()) => {}
                        Err(LineError::TooLong) => metrics.errors(ErrorKind::LineTooLong).add(1),
                        Err(LineError::NotUtf8) => metrics.errors(ErrorKind::NotUtf8).add(1),
                        Err(LineError::Io(_)) => metrics.errors(ErrorKind::Io).add(1),
                    }
                    drop(ManuallyDrop::into_inner(active));
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
