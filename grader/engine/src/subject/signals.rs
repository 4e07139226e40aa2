//! Signals to a program under test.

use rustix::process::{Pid, Signal, kill_process};

use super::process::Process;
use crate::verdict::CheckError;

impl Process {
    /// Asks it to stop: sends `signal` to its process `pid`, or to the process that got the first such signal. From
    /// then on, the check expects it to end.
    pub fn ask_to_stop(&self, pid: Pid, signal: Signal) {
        let pid = self.asked_to_stop.get().unwrap_or(pid);
        self.asked_to_stop.set(Some(pid));
        self.journal.signal(name(signal));
        // Fails only if the process has just ended.
        let _ = kill_process(pid, signal);
    }

    /// The process that was asked to stop.
    #[must_use]
    pub fn asked_to_stop(&self) -> Option<Pid> {
        self.asked_to_stop.get()
    }

    /// Stops every process of the program (SIGSTOP) and waits until all have stopped.
    ///
    /// # Errors
    ///
    /// They do not stop, which is the kernel's fault.
    pub async fn pause(&self) -> Result<(), CheckError> {
        self.signal(Signal::STOP);
        let stopped = |pid| {
            let tasks = procfs::process::Process::new(pid).and_then(|process| process.tasks());
            let mut states =
                tasks.into_iter().flatten().flatten().filter_map(|task| task.stat().ok());
            states.all(|stat| matches!(stat.state, 'T' | 't' | 'Z' | 'X'))
        };
        let all_stopped = || Ok(self.probe.processes().into_iter().all(stopped).then_some(()));
        match self.poll_until(all_stopped).await? {
            Some(()) => Ok(()),
            None => Err(CheckError::Inconclusive("SIGSTOP did not stop the program".to_owned())),
        }
    }

    /// Lets it continue (SIGCONT).
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        self.journal.signal(name(signal));
        for pid in self.probe.processes().into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }
}

/// The name of the signal, as signal(7) writes it.
fn name(signal: Signal) -> &'static str {
    match signal {
        Signal::INT => "SIGINT",
        Signal::TERM => "SIGTERM",
        Signal::STOP => "SIGSTOP",
        Signal::CONT => "SIGCONT",
        Signal::KILL => "SIGKILL",
        _ => "a signal",
    }
}
