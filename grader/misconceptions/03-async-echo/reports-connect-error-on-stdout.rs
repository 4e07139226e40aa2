//! Misconception: errors are for the user, so they are printed like everything else.
//!
//! Must fail:
//! - 03/client-refused: the message is on standard output, and the exit status reports success

pub async fn connect<I, O>(
    addr: SocketAddr,
    mut input: I,
    mut output: O,
) -> io::Result<()>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let stream = match TcpStream::connect(addr).await {
        Ok(stream) => stream,
        Err(error) => {
            output
                .write_all(format!("cannot connect: {error}\n").as_bytes())
                .await?;
            return output.flush().await;
        }
    };
    let (mut reader, mut writer) = stream.into_split();
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
