//! Misconception: whoever spawns a task has to hand on its error.
//!
//! Must fail:
//! - 03/reset-mid-stream: the error of one client ends `serve`
//! - 03/reset-while-writing: the error of one client ends `serve`
//! - 03/descriptors-return: so does the first of many resets

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
