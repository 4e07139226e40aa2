//! Misconception: written bytes are printed immediately.
//!
//! Must fail:
//! - 03/client-roundtrip: the answer stays in the buffer until EOF

pub async fn connect<I, O>(
    addr: SocketAddr,
    mut input: I,
    output: O,
) -> io::Result<()>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let mut output = BufWriter::new(output);
    let (mut reader, mut writer) = TcpStream::connect(addr).await?.into_split();
    let send = async {
        let sent = tokio::io::copy(&mut input, &mut writer).await;
        writer.shutdown().await.and(sent)
    };
    let receive = async {
        let mut buffer = vec![0; 4096];
        loop {
            let count = reader.read(&mut buffer).await?;
            if count == 0 {
                break;
            }
            output.write_all(&buffer[..count]).await?;
        }
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
