//! Misconception: a client that has connected sends something soon, so the server can wait for its
//! first byte before it starts a thread.
//!
//! Must fail:
//! - 01/silent-clients: the accepting thread sleeps until the first silent client sends

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Slots::new(options.max_connections);
    loop {
        let slot = slots.acquire();
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        if stream.peek(&mut [0]).is_err() {
            continue; // already gone: not worth a thread
        }
        thread::spawn(move || {
            let _slot = slot;
            if let Err(error) = handle(&stream) {
                eprintln!("client: {error}");
            }
        });
    }
}
