//! Misconception: a client that leaves causes a reset; every other error is a bug worth exiting
//! for.
//! Adds: echo
//!
//! Must fail:
//! - 03/reset-while-writing: a write may also fail with EPIPE, which ends `serve`

use tokio::task::JoinSet;

async fn echo(stream: &mut TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(echoed);
        }
        stream.write_all(&buffer[..count]).await?;
        echoed += count as u64;
    }
}

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    match echo(&mut stream).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(0),
        result => result,
    }
}

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    clients.spawn(handle(stream));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(ended) = clients.join_next() => {
                ended.map_err(io::Error::other)??;
            }
        }
    }
}
