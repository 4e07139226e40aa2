//! Misconception: a client gets its task once it sends something.
//!
//! Must fail:
//! - 03/silent-clients: the accept loop waits for the first silent client's first byte

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.peek(&mut [0]).await;
                tokio::spawn(handle(stream));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
