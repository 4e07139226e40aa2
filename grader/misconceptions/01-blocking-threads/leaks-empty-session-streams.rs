//! Misconception: a client that has sent nothing yet will send something later.
//!
//! Must fail:
//! - 01/out-of-descriptors: silent clients that have left still hold descriptors, so the new client
//!   is not served
//! - 01/descriptors-return: the streams of clients that left without sending a byte stay open

use std::net::Shutdown;

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Slots::new(options.max_connections);
    let later = Arc::new(Mutex::new(Vec::new()));
    loop {
        let slot = slots.acquire();
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        let later = Arc::clone(&later);
        thread::spawn(move || {
            let _slot = slot;
            match handle(&stream) {
                Ok(0) => {
                    let _ = stream.shutdown(Shutdown::Write);
                    later.lock().unwrap().push(stream);
                }
                Ok(_) => {}
                Err(error) => eprintln!("client: {error}"),
            }
        });
    }
}
