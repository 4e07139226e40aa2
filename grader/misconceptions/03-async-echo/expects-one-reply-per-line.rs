//! Misconception: a server only answers: each line gets exactly one reply.
//!
//! Must fail:
//! - 03/client-roundtrip: unsolicited bytes are not printed

use tokio::io::{AsyncBufReadExt, BufReader};

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
    let mut lines = BufReader::new(&mut input);
    let (mut line, mut answer) = (Vec::new(), vec![0; 64 * 1024]);
    while lines.read_until(b'\n', &mut line).await? > 0 {
        stream.write_all(&line).await?;
        line.clear();
        let count = stream.read(&mut answer).await?;
        output.write_all(&answer[..count]).await?;
        output.flush().await?;
    }
    stream.shutdown().await?;
    tokio::io::copy(&mut stream, &mut output).await?;
    output.flush().await
}
