//! Misconception: `select!` in a loop runs both directions at the same time.
//!
//! Must fail:
//! - 03/client-roundtrip: while the send branch awaits its write, no task reads; with much input,
//!   the server stops reading, too

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
    let (mut outgoing, mut incoming) =
        (vec![0; BUFFER_SIZE], vec![0; BUFFER_SIZE]);
    let mut open = true;
    loop {
        tokio::select! {
            // ANCHOR: bug
            count = input.read(&mut outgoing), if open => {
                match count? {
                    0 => {
                        open = false;
                        writer.shutdown().await?;
                    }
                    count => writer.write_all(&outgoing[..count]).await?,
                }
            }
            count = reader.read(&mut incoming) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                output.write_all(&incoming[..count]).await?;
                output.flush().await?;
            }
            // ANCHOR_END: bug
        }
    }
}
