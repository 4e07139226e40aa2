//! Misconception: it pays to wait two milliseconds and write more at once.
//!
//! Must fail:
//! - 03/half-close: what still waits when the end of the input comes is lost

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

const PATIENCE: Duration = Duration::from_millis(2);

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; 16 * 1024];
    let mut batch = Vec::new();
    let mut due = Instant::now();
    let mut echoed = 0;
    loop {
        tokio::select! {
            count = stream.read(&mut buffer) => {
                let count = count?;
                if count == 0 {
                    return Ok(echoed);
                }
                if batch.is_empty() {
                    due = Instant::now() + PATIENCE;
                }
                batch.extend_from_slice(&buffer[..count]);
                echoed += count as u64;
            }
            () = sleep_until(due), if !batch.is_empty() => {
                stream.write_all(&batch).await?;
                batch.clear();
            }
        }
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
