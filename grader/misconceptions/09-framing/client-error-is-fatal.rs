//! Misconception: an error is an error of the server.
//!
//! Must fail:
//! - 09/oversize-refused: the program ends with the first client that is
//!   refused
//! - 09/no-early-allocation: the program ends with the first reset
//! - 09/truncated-frame: the program ends with the first frame that is cut off
//! - 09/slow-frame: the program ends with the first frame that is late
//! - 09/descriptors-return: the program ends with the first reset

use tokio::task::JoinSet;

pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                clients.spawn(async move { handle(stream, &limits).await });
            }
            // What has gone wrong is passed on.
            Some(served) = clients.join_next() => {
                served?.map_err(io::Error::other)?;
            }
        }
    }
}
