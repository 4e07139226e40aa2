//! Misconception: an answer can be printed only once it is complete.
//!
//! Must fail:
//! - 03/client-roundtrip: nothing is printed until the server closes

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
        tokio::io::copy(&mut input, &mut writer).await?;
        writer.shutdown().await
    };
    let receive = async {
        let mut answer = Vec::new();
        reader.read_to_end(&mut answer).await?;
        output.write_all(&answer).await?;
        output.flush().await
    };
    tokio::pin!(receive);
    tokio::select! {
        received = &mut receive => received,
        sent = send => {
            receive.await?;
            sent
        }
    }
}
