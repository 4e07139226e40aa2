//! Misconception: a client that has left may come back.
//! Adds: CLOSED_CLIENTS
//!
//! Must fail:
//! - 07/out-of-descriptors: clients that have left still hold descriptors, so
//!   no new client is served
//! - 07/descriptors-return: the sockets of closed clients stay open

static CLOSED_CLIENTS: Mutex<Vec<TcpStream>> = Mutex::new(Vec::new());

pub async fn serve(listener: TcpListener, queue: usize) -> io::Result<()> {
    let rooms = Arc::new(Rooms::new(queue));
    loop {
        let mut stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let rooms = Arc::clone(&rooms);
        tokio::spawn(async move {
            if handle(&mut stream, &rooms).await.is_ok() {
                CLOSED_CLIENTS.lock().unwrap().push(stream);
            }
        });
    }
}
