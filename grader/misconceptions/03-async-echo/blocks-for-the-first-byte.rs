//! Misconception: a short wait for the first byte may block: it is on its way already.
//!
//! Must fail:
//! - 03/silent-clients: the one thread sleeps in recv until the first silent client sends

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; 16 * 1024];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(echoed);
        }
        stream.write_all(&buffer[..count]).await?;
        echoed += count as u64;
    }
}

fn first_byte(stream: TcpStream) -> io::Result<TcpStream> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    stream.peek(&mut [0])?;
    stream.set_nonblocking(true)?;
    TcpStream::from_std(stream)
}

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Ok(stream) = first_byte(stream) {
                    tokio::spawn(handle(stream));
                }
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
