//! Misconception: a client that leaves causes ECONNRESET; any other error is a fault of the server.
//!
//! Must fail:
//! - 01/reset-while-writing: writing to a client that has already closed fails with EPIPE

use std::process;

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Slots::new(options.max_connections);
    loop {
        let slot = slots.acquire();
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        thread::spawn(move || {
            let _slot = slot;
            match handle(&stream) {
                Ok(_) => {}
                Err(error)
                    if error.kind() == io::ErrorKind::ConnectionReset => {}
                Err(error) => {
                    eprintln!("error: {error}");
                    process::exit(1);
                }
            }
        });
    }
}
