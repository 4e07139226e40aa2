//! Misconception: what may wait belongs into a thread of its own.
//!
//! Must fail:
//! - 03/few-threads: 1,000 clients are 1,000 threads

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub async fn handle(_: TcpStream) -> io::Result<u64> {
    Ok(0) // see `echo`
}

fn echo(mut stream: std::net::TcpStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count])?;
    }
}

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let stream = stream.into_std()?;
                std::thread::spawn(move || echo(stream));
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
