//! Misconception: a server must keep all its streams in a list, to close them when it ends.
//!
//! Must fail:
//! - 01/empty-session: a connection closes when its last owner is dropped; the clone in the list
//!   keeps it open, and the client never sees EOF
//! - 01/echo-bytes: the same, when the first client ends

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
