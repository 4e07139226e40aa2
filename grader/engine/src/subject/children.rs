//! The grader's own children: supervisors, cargo and other tools. Any other child is a stray.

use std::io::{self, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process};

/// Killed processes are gone within milliseconds. If they take longer than this, the kernel is at fault.
pub(super) const KILL_DEADLINE: Duration = Duration::from_secs(5);

/// The children that this process has started itself. A process creates one value and passes it to everything that
/// starts children: any child that is not registered there is killed as a stray. Clones share the value.
#[derive(Clone, Debug, Default)]
pub struct Children(Arc<Mutex<Vec<u32>>>);

impl Children {
    /// Starts a child.
    ///
    /// # Errors
    ///
    /// As [`Command::spawn`].
    #[allow(clippy::disallowed_methods, reason = "this is where children are registered")]
    pub fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        // The lock is held until the child is registered, so that it cannot be mistaken for a stray.
        let mut own = self.lock();
        let child = command.spawn()?;
        own.push(child.id());
        Ok(child)
    }

    /// Runs a tool with `input` as its standard input, and returns its output.
    ///
    /// # Errors
    ///
    /// As [`Command::spawn`]; or its input or output broke.
    pub fn run(&self, command: &mut Command, input: &[u8]) -> io::Result<Output> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.spawn(command)?;
        let id = child.id();
        // The tool reads everything before it writes. If it ends earlier, its output says why.
        let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(input));
        let output = child.wait_with_output();
        self.forget(id);
        let output = output?;
        if output.status.success() {
            written?;
        }
        Ok(output)
    }

    /// Forgets a child that has been waited for.
    pub fn forget(&self, id: u32) {
        self.lock().retain(|&own| own != id);
    }

    /// Kills all children of this process that it has not started itself: their supervisor was killed, so no trial is
    /// responsible for them any more.
    pub(super) fn end_strays(&self) {
        let begun = Instant::now();
        while begun.elapsed() < KILL_DEADLINE {
            let own = self.lock();
            let mut strays = observe::children(getpid().as_raw_nonzero().get());
            strays.retain(|pid| !own.contains(&pid.cast_unsigned()));
            drop(own);
            if strays.is_empty() {
                return;
            }
            // In rounds: this process inherits the children of each one that it kills.
            for pid in strays.into_iter().filter_map(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
                let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
            }
            pause();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits between two samples of a process that is about to end.
#[allow(clippy::disallowed_methods, reason = "a dying process gives no sign to wait for")]
pub(super) fn pause() {
    std::thread::sleep(Duration::from_millis(1));
}
