//! Misconception: when `accept` fails, the next call may succeed.
//!
//! Must fail:
//! - 07/out-of-descriptors: while no descriptor is free, `accept` fails
//!   immediately and uses a whole CPU

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
