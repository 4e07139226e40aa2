//! Misconception: any error is fatal: the program reports it and exits.
//!
//! Must fail:
//! - 01/reset-mid-stream: one client's reset ends the server
//! - 01/reset-while-writing: a reset during a write ends it, too
//! - 01/descriptors-return: the warm-up clients are reset, which ends the server
//! - 01/threads-return: the warm-up clients are reset, which ends the server

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
