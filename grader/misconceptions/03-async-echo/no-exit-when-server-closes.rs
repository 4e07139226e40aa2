//! Misconception: the client is done when both directions are: `join!` waits for them.
//!
//! Must fail:
//! - 03/client-server-vanishes: the input is silent, so the program never learns that the server
//!   has gone

pub async fn connect<I, O>(
    addr: SocketAddr,
    mut input: I,
    mut output: O,
) -> io::Result<()>
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
    let (sent, received) = tokio::join!(send, receive);
    sent?;
    received
}
