//! Misconception: what clients send is lines, and `lines()` reads them.
//!
//! Must fail:
//! - 03/echo-bytes: what has no newline is never answered, and what is no UTF-8 ends the task

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    let mut echoed = 0;
    while let Some(line) = lines.next_line().await? {
        writer.write_all(format!("{line}\n").as_bytes()).await?;
        echoed += line.len() as u64 + 1;
    }
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
