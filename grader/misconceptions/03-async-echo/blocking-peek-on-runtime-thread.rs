//! Misconception: a short wait for the first byte may block: the byte is already on its way.
//! Adds: first_byte
//!
//! Must fail:
//! - 03/silent-clients: the only thread sleeps in recv until the first silent client sends

fn first_byte(stream: TcpStream) -> io::Result<TcpStream> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    stream.peek(&mut [0])?;
    stream.set_nonblocking(true)?;
    TcpStream::from_std(stream)
}

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Ok(stream) = first_byte(stream) {
                    tokio::spawn(handle(stream));
                }
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
