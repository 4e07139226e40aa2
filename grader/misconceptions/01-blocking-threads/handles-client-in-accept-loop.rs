//! Misconception: one loop can serve the clients one after another.
//!
//! Must fail:
//! - 01/all-open-at-once: the second client is not accepted until the first leaves

// ANCHOR: bug
pub fn serve(listener: &TcpListener, _: &Options) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => drop(handle(&stream)),
            Err(error) => {
                eprintln!("accept: {error}");
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}
// ANCHOR_END: bug
