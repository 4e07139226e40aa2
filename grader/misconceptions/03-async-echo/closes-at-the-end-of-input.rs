//! Misconception: when one of two directions has ended, `select!` may drop the other.
//!
//! Must fail:
//! - 03/half-close: what was read and is not written yet is lost when the end of the input comes

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

pub async fn handle(stream: TcpStream) -> io::Result<u64> {
    let (mut reader, mut writer) = stream.into_split();
    let (sender, mut queue) = mpsc::channel::<Vec<u8>>(16);
    let read = async move {
        let mut buffer = vec![0; 16 * 1024];
        let mut echoed = 0;
        loop {
            let count = reader.read(&mut buffer).await?;
            if count == 0 {
                return Ok(echoed);
            }
            echoed += count as u64;
            let _ = sender.send(buffer[..count].to_vec()).await;
        }
    };
    let write = async move {
        while let Some(bytes) = queue.recv().await {
            writer.write_all(&bytes).await?;
        }
        std::future::pending().await
    };
    tokio::select! {
        biased;
        result = read => result,
        result = write => result,
    }
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
