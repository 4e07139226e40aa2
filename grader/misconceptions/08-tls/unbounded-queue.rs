//! Misconception: reading and writing should not wait for each other.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/large-stream: everything that a client does not read piles up in the
//!   channel

use tokio::io::split;
use tokio::sync::mpsc;

pub async fn handle(stream: TlsStream<TcpStream>) -> io::Result<()> {
    // Answers are small, and a client waits for each.
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
