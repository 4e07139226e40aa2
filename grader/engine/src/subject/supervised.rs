//! A program below its supervisor, from the grader's side.

use std::io::{self, BufRead, BufReader, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::{Pid, Signal, kill_process};

use super::children::{Children, KILL_DEADLINE, pause};
use super::launch::Launch;
use super::supervisor::{ARGUMENT, Event, INPUT_FOLLOWS, NO_INPUT};

/// A program that runs below its supervisor. Dropping it ends the whole tree and waits until it is gone.
#[derive(Debug)]
pub struct Supervised {
    supervisor: Child,
    children: Children,
    /// Closing this ends the tree.
    control: Option<UnixStream>,
    /// The program's standard output and standard error; each can be taken once.
    pub stdout: Option<OwnedFd>,
    pub stderr: Option<OwnedFd>,
}

impl Supervised {
    /// Starts `launch` below a new supervisor, the executable `supervisor`; its standard input is `input`, or empty.
    ///
    /// # Errors
    ///
    /// The machine has no process, pipe or socket left. The program's own faults are reported as events.
    #[allow(clippy::disallowed_methods, reason = "this is what the launcher starts")]
    pub(super) fn start(
        children: &Children,
        supervisor: &Path,
        launch: &Launch,
        input: Option<OwnedFd>,
    ) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new(supervisor);
        command
            .arg(ARGUMENT)
            .arg(launch.descriptors.soft.to_string())
            .arg(launch.descriptors.hard.to_string())
            .arg(if input.is_some() { INPUT_FOLLOWS } else { NO_INPUT })
            .args(&launch.words)
            .env_clear()
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Not in the terminal's foreground group: Ctrl-C reaches only the grader, which then ends the supervisor.
            .process_group(0);
        let mut supervisor = children.spawn(&mut command)?;
        let stdout = supervisor.stdout.take().map(OwnedFd::from);
        let stderr = supervisor.stderr.take().map(OwnedFd::from);
        let children = children.clone();
        let started = Self { supervisor, children, control: Some(ours), stdout, stderr };
        if let (Some(input), Some(control)) = (input, &started.control) {
            send_descriptor(control, &input)?;
        }
        Ok(started)
    }

    /// The supervisor's process id: the root of the tree, not part of it.
    #[must_use]
    pub fn root(&self) -> i32 {
        self.supervisor.id().cast_signed()
    }

    /// A second handle to the stream of events, one per line, which ends with the tree.
    ///
    /// # Errors
    ///
    /// The grader is out of descriptors.
    pub(super) fn events(&self) -> io::Result<UnixStream> {
        match &self.control {
            Some(control) => control.try_clone(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Ends the tree and waits until none of its processes is left.
    pub fn end(&mut self) {
        let Some(control) = self.control.take() else { return };
        // Closing it is not enough: `events` may have cloned it.
        let _ = control.shutdown(std::net::Shutdown::Write);
        if let Some(supervisor) = Pid::from_raw(self.root()) {
            // The program may have stopped it (SIGSTOP).
            let _ = kill_process(supervisor, Signal::CONT);
        }
        let begun = Instant::now();
        while matches!(self.supervisor.try_wait(), Ok(None)) {
            if begun.elapsed() > KILL_DEADLINE {
                let _ = self.supervisor.kill();
                let _ = self.supervisor.wait();
            }
            pause();
        }
        self.children.forget(self.supervisor.id());
        self.children.end_strays();
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sends a descriptor to the supervisor, with the one byte of data that it needs (unix(7), SCM_RIGHTS).
fn send_descriptor(control: &UnixStream, descriptor: &OwnedFd) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor.as_fd()];
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(control, &[IoSlice::new(&[0])], &mut ancillary, SendFlags::empty())?;
    Ok(())
}

/// Reads the next event; `None` when the supervisor is gone.
pub(super) fn next_event(events: &mut BufReader<UnixStream>) -> Option<Event> {
    let mut line = String::new();
    events.read_line(&mut line).ok()?;
    serde_json::from_str(&line).ok()
}
