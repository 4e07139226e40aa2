//! Misconception: when `accept` fails, the next call may succeed.
//!
//! Must fail:
//! - 01/out-of-descriptors: while no descriptor is free, `accept` fails immediately, and the loop
//!   uses a whole CPU

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
