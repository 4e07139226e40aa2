//! Misconception: a client frees its slot once it has been served to the end.
//!
//! Must fail:
//! - 01/connection-limit: the slot of a reset client is never free again
//! - 01/descriptors-return: most of 2,200 clients are reset, which uses up the 1,024 slots
//! - 01/threads-return: most of 2,200 clients are reset, which uses up the 1,024 slots

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Arc::new((Mutex::new(options.max_connections), Condvar::new()));
    loop {
        let free = slots.0.lock().unwrap();
        *slots.1.wait_while(free, |free| *free == 0).unwrap() -= 1;
        let Ok((stream, _)) = listener.accept() else {
            *slots.0.lock().unwrap() += 1;
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        let slots = Arc::clone(&slots);
        thread::spawn(move || -> io::Result<()> {
            handle(&stream)?;
            *slots.0.lock().unwrap() += 1;
            slots.1.notify_one();
            Ok(())
        });
    }
}
