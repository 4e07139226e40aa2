//! Misconception: threads are cheap, so no limit is needed.
//!
//! Must fail:
//! - 01/connection-limit: the 17th client is answered while 16 are being served

pub fn serve(listener: &TcpListener, _: &Options) -> io::Result<()> {
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        thread::spawn(move || {
            if let Err(error) = handle(&stream) {
                eprintln!("client: {error}");
            }
        });
    }
}
