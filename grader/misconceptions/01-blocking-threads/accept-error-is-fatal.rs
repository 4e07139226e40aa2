//! Misconception: when `accept` fails, the listener is broken.
//!
//! Must fail:
//! - 01/out-of-descriptors: running out of descriptors for a moment ends the server for good

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Slots::new(options.max_connections);
    loop {
        let slot = slots.acquire();
        let (stream, _) = listener.accept()?;
        thread::spawn(move || {
            let _slot = slot;
            if let Err(error) = handle(&stream) {
                eprintln!("client: {error}");
            }
        });
    }
}
