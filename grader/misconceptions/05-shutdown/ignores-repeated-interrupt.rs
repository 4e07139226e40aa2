//! Misconception: a second Ctrl-C is the first one, pressed for too long.
//!
//! Must fail:
//! - 05/second-signal: after SIGINT, SIGINT the program does not end
//!   immediately

/// SIGTERM and SIGINT, once they have handlers.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    interrupted: bool,
}

pub fn signals() -> io::Result<Signals> {
    let terminate = signal(SignalKind::terminate())?;
    let interrupt = signal(SignalKind::interrupt())?;
    Ok(Signals {
        terminate,
        interrupt,
        interrupted: false,
    })
}

impl Signals {
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv(), if !self.interrupted => {
                self.interrupted = true;
            }
        }
    }
}
