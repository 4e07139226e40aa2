//! Misconception: a server that does not run yet will run in a moment.
//! Adds: dial
//!
//! Must fail:
//! - 03/client-refused: it keeps trying for three seconds

async fn dial(addr: SocketAddr) -> io::Result<TcpStream> {
    for _ in 0..3 {
        if let Ok(stream) = TcpStream::connect(addr).await {
            return Ok(stream);
        }
        sleep(Duration::from_secs(1)).await;
    }
    TcpStream::connect(addr).await
}

pub async fn connect<I, O>(
    addr: SocketAddr,
    mut input: I,
    mut output: O,
) -> io::Result<()>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let (mut reader, mut writer) = dial(addr).await?.into_split();
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
