//! Misconception: a task's error must reach whoever spawned it.
//!
//! Must fail:
//! - 03/reset-mid-stream: one client's error ends `serve`
//! - 03/reset-while-writing: one client's error ends `serve`
//! - 03/descriptors-return: the first of many resets ends `serve`

use tokio::task::JoinSet;

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    clients.spawn(handle(stream));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(ended) = clients.join_next() => {
                ended.map_err(io::Error::other)??;
            }
        }
    }
}
