//! Misconception: failed streams should be kept for later inspection.
//!
//! Must fail:
//! - 01/descriptors-return: each reset client leaves a descriptor open

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Slots::new(options.max_connections);
    let failed = Arc::new(Mutex::new(Vec::new()));
    loop {
        let slot = slots.acquire();
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        let failed = Arc::clone(&failed);
        thread::spawn(move || {
            let _slot = slot;
            if let Err(error) = handle(&stream) {
                failed.lock().unwrap().push((stream, error));
            }
        });
    }
}
