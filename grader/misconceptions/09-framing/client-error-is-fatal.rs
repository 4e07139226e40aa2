//! Misconception: a client's error is the server's error.
//!
//! Must fail:
//! - 09/oversize-refused: the first refused client ends the program
//! - 09/no-early-allocation: the first reset ends the program
//! - 09/truncated-frame: the first truncated frame ends the program
//! - 09/slow-frame: the first late frame ends the program
//! - 09/descriptors-return: the first reset ends the program

use tokio::task::JoinSet;

pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                clients.spawn(async move { handle(stream, &limits).await });
            }
            // Pass errors on.
            Some(served) = clients.join_next() => {
                served?.map_err(io::Error::other)?;
            }
        }
    }
}
