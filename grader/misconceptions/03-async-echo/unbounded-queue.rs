//! Misconception: a channel between a task that reads and one that writes makes both faster.
//!
//! Must fail:
//! - 03/large-stream: of a client that does not read, all is kept in the channel

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
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
    let mut buffer = vec![0; 16 * 1024];
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

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(handle(stream));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

pub async fn connect<I, O>(addr: SocketAddr, mut input: I, mut output: O) -> io::Result<()>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let (mut reader, mut writer) = TcpStream::connect(addr).await?.into_split();
    let send = async {
        let sent = tokio::io::copy(&mut input, &mut writer).await;
        writer.shutdown().await.and(sent)
    };
    let receive = async {
        tokio::io::copy(&mut reader, &mut output).await?;
        output.flush().await
    };
    tokio::pin!(receive);
    tokio::select! {
        received = &mut receive => received,
        sent = send => {
            receive.await?;
            sent.map(drop)
        }
    }
}
