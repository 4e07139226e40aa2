//! Misconception: who reads and who writes should not wait for one another.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/large-stream: of a client that does not read, all is kept in the
//!   channel

use tokio::io::split;
use tokio::sync::mpsc;

pub async fn handle(stream: TlsStream<TcpStream>) -> io::Result<()> {
    // Answers are small, and somebody waits for each.
    stream.get_ref().0.set_nodelay(true)?;
    let (mut input, mut output) = split(stream);
    let (pieces, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
    let read = async move {
        let mut buffer = vec![0; BUFFER_SIZE];
        loop {
            let count = input.read(&mut buffer).await?;
            if count == 0 || pieces.send(buffer[..count].to_vec()).is_err() {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some(piece) = queue.recv().await {
            output.write_all(&piece).await?;
            output.flush().await?;
        }
        output.shutdown().await
    };
    tokio::try_join!(read, write).map(drop)
}
