//! The terminal while `watch` runs: keys arrive one by one, and nothing that is typed is echoed.
//!
//! A small process, the keeper, remembers the terminal's settings and restores them when `watch` ends, however it ends:
//! it waits for the end of a pipe that the kernel closes with its owner.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use engine::subject::Children;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

/// The first argument of the keeper.
pub const ARGUMENT: &str = "__terminal";

/// The terminal, in this mode until it is dropped.
pub(super) struct Terminal {
    children: Children,
    keeper: Child,
    /// The keeper waits until this is closed.
    pipe: Option<ChildStdin>,
}

impl Terminal {
    /// Starts the keeper and changes the terminal's mode; `None` if standard input or output is not a terminal, or
    /// cannot move its cursor.
    ///
    /// # Errors
    ///
    /// The keeper cannot be started, or the terminal refuses the mode.
    #[allow(clippy::disallowed_methods, reason = "the keeper is not a program under test")]
    pub(super) fn open(children: &Children) -> Result<Option<Self>> {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if is_dumb || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Ok(None);
        }
        let terminal = io::stdin().as_fd().try_clone_to_owned()?;
        let mut command = Command::new("/proc/self/exe");
        command.arg(ARGUMENT);
        command.stdin(Stdio::piped()).stdout(terminal).stderr(Stdio::piped());
        let keeper = children.spawn(&mut command).context("cannot start a process")?;
        let mut this = Self { children: children.clone(), keeper, pipe: None };
        this.pipe = this.keeper.stdin.take();
        // It says that it has read the settings.
        let said = this.keeper.stderr.as_mut().map(|said| said.read_exact(&mut [0]));
        said.context("the process that restores the terminal has no output")?
            .context("the process that restores the terminal has ended")?;
        enter_mode().context("cannot change the terminal's mode")?;
        Ok(Some(this))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.keeper.wait();
        self.children.forget(self.keeper.id());
    }
}

/// Makes the terminal pass on each key at once, without echoing it. Ctrl-C remains a signal. Must be repeated after the
/// process was stopped (Ctrl-Z), because the shell has its own mode.
pub(super) fn enter_mode() -> io::Result<()> {
    let terminal = io::stdin();
    let mut settings = tcgetattr(&terminal)?;
    settings.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    settings.special_codes[SpecialCodeIndex::VMIN] = 1;
    settings.special_codes[SpecialCodeIndex::VTIME] = 0;
    Ok(tcsetattr(&terminal, OptionalActions::Now, &settings)?)
}

/// The keys pressed: calls `pressed` with each until it returns `false` or the terminal is gone.
pub(super) fn read_keys(mut pressed: impl FnMut(u8) -> bool) {
    let mut keys = [0; 64];
    while let Ok(count @ 1..) = io::stdin().read(&mut keys) {
        if !without_sequences(&keys[..count]).into_iter().all(&mut pressed) {
            return;
        }
    }
}

/// `keys` without cursor keys and the like, which arrive as Escape, a bracket or `O`, and more bytes up to a letter or
/// tilde.
fn without_sequences(keys: &[u8]) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::new(), keys);
    while let [key, after @ ..] = rest {
        rest = after;
        if let (0x1b, [b'[' | b'O', sequence @ ..]) = (key, after) {
            let end = sequence.iter().position(|byte| (0x40..=0x7e).contains(byte));
            rest = &sequence[end.map_or(sequence.len(), |end| end + 1)..];
        } else {
            kept.push(*key);
        }
    }
    kept
}

/// The keeper: standard output is the terminal, and standard input ends with `watch`.
#[must_use]
pub fn keep(_arguments: impl Iterator<Item = OsString>) -> ExitCode {
    // It must outlive `watch`, and change the terminal although another process may be in its foreground by then.
    ignore_signals();
    let terminal = io::stdout();
    let Ok(settings) = tcgetattr(&terminal) else { return ExitCode::FAILURE };
    let _ = rustix::io::write(rustix::stdio::stderr(), b".");
    let _ = io::stdin().read_to_end(&mut Vec::new());
    match tcsetattr(&terminal, OptionalActions::Now, &settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[allow(unsafe_code)]
fn ignore_signals() {
    for signal in
        [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGTSTP, libc::SIGTTOU]
    {
        // SAFETY: this installs no handler.
        unsafe {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_keys_are_not_commands() {
        assert_eq!(without_sequences(b"\x1b[A"), b"");
        assert_eq!(without_sequences(b"h\x1b[1;5Dq\x1bOPx"), b"hqx");
        assert_eq!(without_sequences(b"\x1b"), b"\x1b");
        assert_eq!(without_sequences(b"\x1b["), b"");
    }
}
