//! Misconception: at the limit, the server must refuse the next client.
//!
//! Must fail:
//! - 01/connection-limit: the 17th client is closed immediately, but should
//!   wait

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let served = Arc::new(Mutex::new(0));
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        let mut count = served.lock().unwrap();
        if *count >= options.max_connections {
            continue; // drops the stream, which closes it
        }
        *count += 1;
        let served = Arc::clone(&served);
        thread::spawn(move || {
            if let Err(error) = handle(&stream) {
                eprintln!("client: {error}");
            }
            *served.lock().unwrap() -= 1;
        });
    }
}
