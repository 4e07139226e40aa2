//! Misconception: a hundred clients at once are enough for anybody.
//!
//! Must fail:
//! - 09/all-open-at-once: the hundred and first waits until another one leaves

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
