//! Misconception: an error is an error: the program reports it and ends.
//!
//! Must fail:
//! - 01/reset-mid-stream: the reset of one client ends the server
//! - 01/reset-while-writing: the same while it writes
//! - 01/descriptors-return: the clients of the warm-up are reset, which ends the server
//! - 01/threads-return: the clients of the warm-up are reset, which ends the
//!   server

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
            if let Err(error) = handle(&stream) {
                eprintln!("error: {error}");
                process::exit(1);
            }
        });
    }
}
