//! Signals to the program.

use engine::drive::Server;
use engine::verdict::CheckError;
use rustix::process::{Pid, Signal};

/// Sends `signal` to the process that listens, not to a script that started it. A second signal goes to the same
/// process.
///
/// # Errors
///
/// The program runs, but the grader cannot see which of its processes listens.
pub(super) fn send_signal(server: &Server, signal: Signal) -> Result<(), CheckError> {
    let listening = match server.process.asked_to_stop() {
        Some(pid) => Some(pid),
        None => listening_process(server)?,
    };
    match listening {
        Some(pid) => server.process.ask_to_stop(pid, signal),
        None if server.process.has_ended() => {}
        None => {
            let reason = "the grader cannot see which process listens".to_owned();
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

/// The name as in signal(7).
pub(super) fn name(signal: Signal) -> &'static str {
    if signal == Signal::INT { "SIGINT" } else { "SIGTERM" }
}
