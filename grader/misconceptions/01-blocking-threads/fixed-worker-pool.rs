//! Misconception: a pool of eight threads is enough for all clients.
//!
//! Must fail:
//! - 01/all-open-at-once: the ninth client waits until one of the first eight leaves

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    thread::scope(|scope| {
        for _ in 0..options.max_connections.min(8) {
            scope.spawn(|| {
                loop {
                    match listener.accept() {
                        Ok((stream, _)) => drop(handle(&stream)),
                        Err(_) => thread::sleep(Duration::from_millis(20)),
                    }
                }
            });
        }
    });
    Ok(())
}
