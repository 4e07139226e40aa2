//! The supervisor: a process between the grader and each program under test.
//!
//! It is the grader's own executable, started as `grader __supervise …`, and does what only a parent can do for a
//! process tree. It is the *subreaper* (prctl(2), PR_SET_CHILD_SUBREAPER) of everything that the program starts, so
//! that even a grandchild in another process group and session remains below it. However the grader ends, the
//! supervisor outlives it long enough to end the tree. The program is therefore well defined: it consists of all
//! descendants of the supervisor.
//!
//! The two communicate over a socket pair, the supervisor's standard input. The supervisor writes one JSON line for
//! each `Event`; when the grader closes its end, the supervisor ends the tree and then itself.

use std::ffi::OsString;
use std::io::{self, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use observe::descendants;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, getpid, getrlimit, kill_process,
    set_child_subreaper, set_parent_process_death_signal, setrlimit, setsid, wait,
};
use serde::{Deserialize, Serialize};

use super::children::KILL_DEADLINE;
use super::inherited::reset_signals;
use super::launch::DescriptorLimit;
use crate::verdict::ExitStatus;

/// The first argument that makes the grader a supervisor.
pub const ARGUMENT: &str = "__supervise";

/// The third argument: whether the program's standard input is passed over the control socket.
pub(super) const INPUT_FOLLOWS: &str = "input-follows";
pub(super) const NO_INPUT: &str = "no-input";

/// No lab program needs to write files; one that does must not fill the disk.
const MAX_FILE_SIZE: u64 = 64 * 1024 * 1024;

/// What a supervisor reports to the grader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// The program could not be started: it does not exist, or is not executable.
    Refused(String),
    /// The machine could not start it: too many processes, too little memory.
    Unable(String),
    /// The program itself (not one of its children) has ended.
    Ended(ExitStatus),
}

/// The supervisor's main function: `arguments` are those after [`ARGUMENT`].
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is what starts programs under test")]
pub fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    reset_signals();
    let mut number = || arguments.next().and_then(|word| word.to_str()?.parse().ok());
    let descriptors = number().zip(number()).map(|(soft, hard)| DescriptorLimit { soft, hard });
    let takes_input = arguments.next().is_some_and(|word| word == INPUT_FOLLOWS);
    let (Some(descriptors), Some(program)) = (descriptors, arguments.next()) else {
        eprintln!("error: {ARGUMENT} is for the grader's own use");
        return ExitCode::from(2);
    };
    let Ok(mut control) = rustix::stdio::stdin().try_clone_to_owned().map(UnixStream::from) else {
        return ExitCode::FAILURE;
    };
    let input =
        if takes_input { receive_descriptor(&control).map(Stdio::from) } else { Ok(Stdio::null()) };
    let mut command = Command::new(&program);
    command.args(arguments);
    let started = input.and_then(|input| {
        command.stdin(input);
        limit(descriptors)?;
        spawn(&mut command)
    });
    // Otherwise this process would keep the program's standard input open.
    drop(command);
    // Only the program may hold the pipes, so that they end when it does.
    silence();
    let child = match started {
        Ok(child) => child,
        Err(error) => {
            use io::ErrorKind as Kind;
            let reason = format!("{}: {error}", program.to_string_lossy());
            let is_programs = matches!(error.kind(), Kind::NotFound | Kind::PermissionDenied)
                || error.raw_os_error() == Some(libc::ENOEXEC);
            let event = if is_programs { Event::Refused(reason) } else { Event::Unable(reason) };
            report(&mut control, &event);
            return ExitCode::SUCCESS;
        }
    };
    if let Ok(orders) = control.try_clone() {
        std::thread::spawn(move || end_when_asked(orders));
    }
    reap(&mut control, child.id().cast_signed());
    ExitCode::SUCCESS
}

/// Sets the limits of this process, which everything that it starts inherits; the descriptor limit is explicit (rule R11).
fn limit(descriptors: DescriptorLimit) -> io::Result<()> {
    set_child_subreaper(Some(getpid()))?;
    let both = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::Core, both(0))?;
    setrlimit(Resource::Fsize, both(MAX_FILE_SIZE))?;
    let DescriptorLimit { soft, hard } = descriptors;
    let most = getrlimit(Resource::Nofile).maximum.unwrap_or(hard).min(hard);
    let limit = Rlimit { current: Some(soft.min(most)), maximum: Some(most) };
    setrlimit(Resource::Nofile, limit)?;
    Ok(())
}

/// Starts the program so that it dies with this thread, the supervisor's main thread: the parent-death signal fires
/// when the *thread* that started the child ends (prctl(2), PR_SET_PDEATHSIG). The program gets its own session and
/// therefore no terminal: it can neither read the user's keys nor overwrite the report.
#[allow(unsafe_code)]
#[allow(clippy::disallowed_methods, reason = "this is what starts programs under test")]
fn spawn(command: &mut Command) -> io::Result<Child> {
    let prepare = || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        setsid()?;
        Ok(())
    };
    // SAFETY: the closure makes two system calls and touches no memory that another thread may hold.
    unsafe {
        command.pre_exec(prepare);
    }
    command.spawn()
}

/// Receives the descriptor that the grader sends.
fn receive_descriptor(control: &UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut room = [IoSliceMut::new(&mut byte)];
    recvmsg(control, &mut room, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut rights = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    rights.next().ok_or_else(|| io::ErrorKind::NotConnected.into())
}

/// Closes this process's copies of the program's pipes.
fn silence() {
    let null = rustix::fs::open("/dev/null", rustix::fs::OFlags::WRONLY, rustix::fs::Mode::empty());
    if let Ok(null) = null {
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}

/// Waits for children until none is left, and reports how the program itself ends.
fn reap(control: &mut UnixStream, program: i32) {
    while let Ok(found) = wait(WaitOptions::empty()) {
        let Some((pid, status)) = found else { continue };
        if pid.as_raw_nonzero().get() != program {
            continue;
        }
        let end = match status.exit_status() {
            Some(status) => ExitStatus::Status(status),
            None => ExitStatus::Signal(status.terminating_signal().unwrap_or(0)),
        };
        report(control, &Event::Ended(end));
    }
}

/// Sleeps until the grader closes its end or dies; then ends the tree.
fn end_when_asked(mut orders: UnixStream) {
    let _ = orders.read(&mut [0]);
    let this = getpid().as_raw_nonzero().get();
    let begin = Instant::now();
    // In rounds: a process may start another at any moment.
    loop {
        let left = descendants(this);
        if left.is_empty() || begin.elapsed() > KILL_DEADLINE {
            std::process::exit(0);
        }
        for pid in left.into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::yield_now();
    }
}

fn report(control: &mut UnixStream, event: &Event) {
    if let Ok(mut line) = serde_json::to_string(event) {
        line.push('\n');
        // Fails only if the grader is gone.
        let _ = control.write_all(line.as_bytes());
    }
}
