//! Misconception: Ctrl-C is the way to stop a server.
//!
//! Must fail:
//! - 05/exit-zero: SIGTERM kills it

pub struct Signals {
    interrupt: Signal,
}

pub fn signals() -> io::Result<Signals> {
    let interrupt = signal(SignalKind::interrupt())?;
    Ok(Signals { interrupt })
}

impl Signals {
    pub async fn next(&mut self) {
        self.interrupt.recv().await;
    }
}
