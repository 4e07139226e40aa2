//! Misconception: when accept fails, the next one may succeed.
//!
//! Must fail:
//! - 07/out-of-descriptors: accept fails at once for as long as all
//!   descriptors are in use, and uses up a CPU

pub async fn serve(listener: TcpListener, queue: usize) -> io::Result<()> {
    let rooms = Arc::new(Rooms::new(queue));
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            continue;
        };
        let rooms = Arc::clone(&rooms);
        tokio::spawn(async move {
            if let Err(error) = handle(&mut stream, &rooms).await {
                eprintln!("client: {error}");
            }
        });
    }
}
