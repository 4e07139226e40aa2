//! Misconception: a channel between a reading task and a writing task makes both faster.
//!
//! Must fail:
//! - 03/large-stream: everything that a client does not read piles up in the channel

use tokio::sync::mpsc;

pub async fn handle(stream: TcpStream) -> io::Result<u64> {
    let (mut reader, mut writer) = stream.into_split();
    let (sender, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
    let writing = tokio::spawn(async move {
        while let Some(bytes) = queue.recv().await {
            writer.write_all(&bytes).await?;
        }
        writer.shutdown().await
    });
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = reader.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        echoed += count as u64;
        let _ = sender.send(buffer[..count].to_vec());
    }
    drop(sender);
    writing.await.map_err(io::Error::other)??;
    Ok(echoed)
}
