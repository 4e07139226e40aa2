//! Misconception: a waiting thread costs nothing, so each client can have one for its log.
//!
//! Must fail:
//! - 01/threads-return: each client's logger waits for messages forever, because the server keeps a
//!   sender

use std::sync::mpsc;

pub fn serve(listener: &TcpListener, options: &Options) -> io::Result<()> {
    let slots = Slots::new(options.max_connections);
    let mut logs = Vec::new();
    loop {
        let slot = slots.acquire();
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        let (log, messages) = mpsc::channel::<String>();
        logs.push(log.clone());
        thread::spawn(move || {
            messages.into_iter().for_each(|line| eprintln!("{line}"));
        });
        thread::spawn(move || {
            let _slot = slot;
            if let Err(error) = handle(&stream) {
                let _ = log.send(format!("client: {error}"));
            }
        });
    }
}
