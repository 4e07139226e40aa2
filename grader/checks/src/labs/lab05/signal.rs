//! Signals to the program.

use engine::drive::Server;
use engine::verdict::CheckError;
use rustix::process::{Pid, Signal};

/// Sends `signal` to the process that listens, not to a script that has started it. A second signal goes to the same.
///
/// # Errors
///
/// The program runs, and which of its processes listens cannot be seen.
pub(super) fn send_signal(server: &Server, signal: Signal) -> Result<(), CheckError> {
    let listening = match server.process.asked_to_stop() {
        Some(pid) => Some(pid),
        None => listening_process(server)?,
    };
    match listening {
        Some(pid) => server.process.ask_to_stop(pid, signal),
        None if server.process.has_ended() => {}
        None => {
            let reason = "which process listens could not be seen".to_owned();
            return Err(CheckError::Inconclusive(reason));
        }
    }
    Ok(())
}

/// The process of the program that has its listener.
fn listening_process(server: &Server) -> Result<Option<Pid>, CheckError> {
    let sockets = server.probe().sockets()?;
    let listens =
        |pid: &i32| sockets.iter().any(|socket| socket.pid == *pid && socket.is_listener());
    Ok(server.probe().processes().into_iter().find(listens).and_then(Pid::from_raw))
}

/// As signal(7) writes it.
pub(super) fn name(signal: Signal) -> &'static str {
    if signal == Signal::INT { "SIGINT" } else { "SIGTERM" }
}
