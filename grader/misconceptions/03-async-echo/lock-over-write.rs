//! Misconception: an async lock may be held across an `.await`: that is what it is for.
//!
//! Must fail:
//! - 03/slow-reader: the task that writes to the stalled client holds the lock, and all others wait
//!   for it

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

static ECHOED: Mutex<u64> = Mutex::const_new(0);

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; 16 * 1024];
    let mut echoed = 0;
    // ANCHOR: bug
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(echoed);
        }
        let mut total = ECHOED.lock().await;
        stream.write_all(&buffer[..count]).await?;
        *total += count as u64;
        echoed += count as u64;
    }
    // ANCHOR_END: bug
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
