//! Misconception: when accept fails, the next one may succeed.
//!
//! Must fail:
//! - 01/out-of-descriptors: out of descriptors, accept fails at once for as long as all are in use:
//!   a CPU is used up

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Slots::new(options.max_connections);
    loop {
        let slot = slots.acquire();
        let Ok((stream, _)) = listener.accept() else {
            continue;
        };
        thread::spawn(move || {
            let _slot = slot;
            if let Err(error) = handle(&stream) {
                eprintln!("client: {error}");
            }
        });
    }
}
