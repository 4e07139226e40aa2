//! Misconception: all input is sent first; then the answers arrive.
//!
//! Must fail:
//! - 03/client-roundtrip: no answer is printed before the input ends

pub async fn connect<I, O>(
    addr: SocketAddr,
    mut input: I,
    mut output: O,
) -> io::Result<()>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let mut stream = TcpStream::connect(addr).await?;
    tokio::io::copy(&mut input, &mut stream).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream, &mut output).await?;
    output.flush().await
}
