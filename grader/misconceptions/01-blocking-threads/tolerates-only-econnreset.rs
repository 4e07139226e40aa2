//! Misconception: a client that goes away shows as ECONNRESET; any other error is a fault of this
//! program.
//!
//! Must fail:
//! - 01/reset-while-writing: a client that closed before it was written to shows as EPIPE

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
