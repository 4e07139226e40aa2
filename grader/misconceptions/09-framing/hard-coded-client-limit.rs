//! Misconception: a hundred clients at the same time are more than enough.
//!
//! Must fail:
//! - 09/all-open-at-once: the 101st client waits until another leaves

use std::sync::Arc;
use tokio::sync::Semaphore;

pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(100));
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        tokio::spawn(async move {
            let _ = handle(stream, &limits).await;
            drop(permit);
        });
    }
}
