//! Misconception: when the input ends, the conversation is over.
//!
//! Must fail:
//! - 03/client-roundtrip: what the server sends after that is not printed

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
    tokio::select! {
        sent = tokio::io::copy(&mut input, &mut writer) => sent?,
        received = tokio::io::copy(&mut reader, &mut output) => received?,
    };
    output.flush().await
}
