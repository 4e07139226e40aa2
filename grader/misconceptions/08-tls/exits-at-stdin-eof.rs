//! Misconception: when the input ends, the conversation is over.
//! Edits: src/client.rs
//!
//! Must fail:
//! - 08/client-accepts: an answer that arrives after the end of the input is
//!   not printed

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
    // Finishes only once chain, dates and name are verified.
    let stream = TlsConnector::from(config).connect(name, stream).await?;
    let (mut from_server, mut to_server) = split(stream);
    let send = async {
        // `copy` flushes each time it has to wait for more.
        let copied = copy(&mut input, &mut to_server).await;
        // Sends close_notify: the conversation is over.
        to_server.shutdown().await.and(copied)
    };
    let receive = async {
        let mut buffer = vec![0; BUFFER_SIZE];
        loop {
            let count = from_server.read(&mut buffer).await?;
            if count == 0 {
                // close_notify. A FIN without it is an error (UnexpectedEof).
                return Ok(());
            }
            // Print these before the next read, which may fail.
            output.write_all(&buffer[..count]).await?;
            output.flush().await?;
        }
    };
    tokio::pin!(receive);
    let (sent, received) = tokio::select! {
        // The server will not read the remaining input.
        received = &mut receive => (Ok(0), received),
        sent = send => (sent, Ok(())),
    };
    // The server's alert says more than the broken pipe that it caused.
    received.and(sent.map(drop))
}
