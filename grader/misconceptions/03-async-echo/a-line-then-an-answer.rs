//! Misconception: a server speaks when it is spoken to: each line has one answer.
//!
//! Must fail:
//! - 03/client-roundtrip: what comes unasked is not printed

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
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
    let mut stream = TcpStream::connect(addr).await?;
    let mut lines = BufReader::new(&mut input);
    let (mut line, mut answer) = (Vec::new(), vec![0; 64 * 1024]);
    while lines.read_until(b'\n', &mut line).await? > 0 {
        stream.write_all(&line).await?;
        line.clear();
        let count = stream.read(&mut answer).await?;
        output.write_all(&answer[..count]).await?;
        output.flush().await?;
    }
    stream.shutdown().await?;
    tokio::io::copy(&mut stream, &mut output).await?;
    output.flush().await
}
