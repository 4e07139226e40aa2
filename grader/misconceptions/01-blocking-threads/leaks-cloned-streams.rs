//! Misconception: streams are kept in a list, so that they could be closed when the server ends.
//!
//! Must fail:
//! - 01/empty-session: a connection ends when its last owner is dropped: the clone in the list
//!   keeps it, and the client that has closed never gets the end
//! - 01/echo-bytes: the same at the end of the first client

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Slots::new(options.max_connections);
    let mut streams = Vec::new();
    loop {
        let slot = slots.acquire();
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        if let Ok(clone) = stream.try_clone() {
            streams.push(clone);
        }
        thread::spawn(move || {
            let _slot = slot;
            if let Err(error) = handle(&stream) {
                eprintln!("client: {error}");
            }
        });
    }
}
