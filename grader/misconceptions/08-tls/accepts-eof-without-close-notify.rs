//! Misconception: many servers do not send `close_notify`, so a FIN has to do.
//! Edits: src/client.rs
//!
//! Must fail:
//! - 08/client-reports-truncation: half an answer counts as a whole one

use std::io::ErrorKind;

pub async fn connect<I, O>(
    addr: SocketAddr,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
    mut input: I,
    mut output: O,
) -> io::Result<()>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    // It is done when chain, dates and name are verified, and not before.
    let stream = TlsConnector::from(config).connect(name, stream).await?;
    let (mut from_server, mut to_server) = split(stream);
    let send = async {
        // `copy` flushes each time that it has to wait for more.
        let copied = copy(&mut input, &mut to_server).await;
        // close_notify. This direction ends by it, and the other goes on.
        to_server.shutdown().await.and(copied)
    };
    let receive = async {
        let mut buffer = vec![0; BUFFER_SIZE];
        loop {
            let count = match from_server.read(&mut buffer).await {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
                count => count?,
            };
            if count == 0 {
                return Ok(());
            }
            // Shown before the next read, which may be the error.
            output.write_all(&buffer[..count]).await?;
            output.flush().await?;
        }
    };
    tokio::pin!(receive);
    let (sent, received) = tokio::select! {
        // Whatever the input may still give, there is nobody to send it to.
        received = &mut receive => (Ok(0), received),
        // Where sending fails, the last words of the server may still come.
        sent = send => (sent, receive.await),
    };
    // The server's alert says more than the broken pipe that came of it.
    received.and(sent.map(drop))
}
