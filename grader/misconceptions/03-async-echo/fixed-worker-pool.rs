//! Misconception: a few tasks that accept and serve in turn are enough for all clients.
//! Adds: WORKERS
//!
//! Must fail:
//! - 03/all-open-at-once: the 65th client waits until one of the 64 leaves

use std::sync::Arc;

const WORKERS: usize = 64;

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let listener = Arc::new(listener);
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        let listener = Arc::clone(&listener);
        workers.push(tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let _ = handle(stream).await;
                    }
                    Err(_) => {
                        sleep(Duration::from_millis(20)).await;
                    }
                }
            }
        }));
    }
    std::future::pending().await
}
