//! Misconception: every slot taken belongs to a client, and is freed when that client leaves.
//!
//! Must fail:
//! - 01/out-of-descriptors: each `accept` that fails with EMFILE leaks a slot, so fewer clients are
//!   served afterwards

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Slots::new(options.max_connections);
    loop {
        let free = slots.free.lock().unwrap_or_else(PoisonError::into_inner);
        let free = slots.freed.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(ACCEPT_BACKOFF);
            continue;
        };
        let slots = Arc::clone(&slots);
        thread::spawn(move || {
            let _slot = Slot { slots };
            if let Err(error) = handle(&stream) {
                eprintln!("client: {error}");
            }
        });
    }
}
