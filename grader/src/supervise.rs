//! Between the grader and each program under test stands a process of its own: the supervisor.
//!
//! It is the grader's own executable, started as `grader __supervise …`, and does what only a parent
//! can do for a process tree. It is the *subreaper* (prctl(2), PR_SET_CHILD_SUBREAPER) of whatever the
//! program starts, so that a grandchild which leaves its process group and its session is still found
//! below it; and it outlives the grader by the moment that it takes to end the tree, whatever ended the
//! grader. What the program is, then, is exact: all descendants of the supervisor.
//!
//! The two speak over a socket pair, the supervisor's standard input: it writes one JSON line for each
//! [`Event`]; when the grader's end closes, it ends the tree and then itself.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use procfs::process::Process;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, getpid, getrlimit, kill_process,
    set_child_subreaper, set_parent_process_death_signal, setrlimit, setsid, wait,
};
use serde::{Deserialize, Serialize};

/// The first argument that makes the grader a supervisor.
pub const ARGUMENT: &str = "__supervise";

/// The third argument: whether the program's standard input comes over the control socket.
const INPUT_FOLLOWS: &str = "input-follows";
const NO_INPUT: &str = "no-input";

/// No program of a lab writes files; one that does must not fill the disk.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// A tree that is killed is gone in milliseconds. Longer than this is the kernel's trouble.
const KILL_DEADLINE: Duration = Duration::from_secs(5);

/// Between two looks at something that ends in milliseconds.
const PAUSE: Duration = Duration::from_millis(1);

/// What a supervisor tells the grader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The program could not be started: it is not there, or no executable.
    Refused(String),
    /// The machine could not start it: too many processes, too little memory.
    Unable(String),
    /// The program itself (not what it started) has ended.
    Ended(End),
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// With this exit status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Status(status) => write!(f, "ended with status {status}"),
            Self::Signal(signal) => match signal_name(signal) {
                Some(name) => write!(f, "was ended by {name} (signal {signal})"),
                None => write!(f, "was ended by signal {signal}"),
            },
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    let names = [
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGHUP, "SIGHUP"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGXFSZ, "SIGXFSZ"),
    ];
    names.iter().find(|(number, _)| *number == signal).map(|(_, name)| *name)
}

/// A program and how to start it.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The executable and its arguments; at least one word.
    pub words: Vec<OsString>,
    /// The limit of open descriptors (RLIMIT_NOFILE).
    pub descriptors: u64,
}

/// A program that runs below its supervisor. Dropping it ends the whole tree and waits until it is gone.
#[derive(Debug)]
pub struct Supervised {
    supervisor: Child,
    /// Closing this ends the tree.
    control: Option<UnixStream>,
    /// The program's standard output and standard error, each to be taken once.
    pub stdout: Option<OwnedFd>,
    pub stderr: Option<OwnedFd>,
}

/// The grader's own children: supervisors, and cargo. Any other is a stray: see [`end_strays`].
static CHILDREN: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Starts a child of the grader's own.
///
/// # Errors
///
/// As [`Command::spawn`].
pub fn spawn_own(command: &mut Command) -> io::Result<Child> {
    // Registered before anybody can take it for a stray.
    let mut own = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
    let child = command.spawn()?;
    own.push(child.id());
    Ok(child)
}

/// Forgets a child of the grader's own that has been waited for.
pub fn forget_own(id: u32) {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).retain(|&own| own != id);
}

impl Supervised {
    /// Starts `launch` below a new supervisor, with `environment` and nothing else; its standard input is
    /// `input`, or empty.
    ///
    /// # Errors
    ///
    /// No process, pipe or socket could be had: the machine's fault, never the program's, whose own
    /// trouble arrives as [`Event::Refused`] or [`Event::Ended`].
    pub fn start(
        launch: &Launch,
        environment: &[(OsString, OsString)],
        input: Option<OwnedFd>,
    ) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new("/proc/self/exe");
        command
            .arg(ARGUMENT)
            .arg(launch.descriptors.to_string())
            .arg(if input.is_some() { INPUT_FOLLOWS } else { NO_INPUT })
            .args(&launch.words)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Out of the terminal's foreground group: Ctrl-C is for the grader, which then ends us.
            .process_group(0);
        let mut supervisor = spawn_own(&mut command)?;
        let stdout = supervisor.stdout.take().map(OwnedFd::from);
        let stderr = supervisor.stderr.take().map(OwnedFd::from);
        let started = Self { supervisor, control: Some(ours), stdout, stderr };
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

    /// A second handle of the stream of [`Event`] lines, which ends with the tree.
    ///
    /// # Errors
    ///
    /// The grader is out of descriptors.
    pub fn events(&self) -> io::Result<UnixStream> {
        match &self.control {
            Some(control) => control.try_clone(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Ends the tree and waits until no process of it is left.
    pub fn end(&mut self) {
        let Some(control) = self.control.take() else { return };
        // Not just closed: handles that `events` gave away may live on.
        let _ = control.shutdown(std::net::Shutdown::Write);
        if let Some(supervisor) = Pid::from_raw(self.root()) {
            // The program may have stopped it.
            let _ = kill_process(supervisor, Signal::CONT);
        }
        let begun = Instant::now();
        while matches!(self.supervisor.try_wait(), Ok(None)) {
            if begun.elapsed() > KILL_DEADLINE {
                let _ = self.supervisor.kill();
                let _ = self.supervisor.wait();
            }
            std::thread::sleep(PAUSE);
        }
        forget_own(self.supervisor.id());
        end_strays();
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.end();
    }
}

/// Makes the grader the last resort for processes whose supervisor was killed by its own program.
///
/// # Errors
///
/// The kernel knows no subreapers (older than Linux 3.4).
pub fn adopt_strays() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Ends all children of the grader that are not its own: their supervisor was killed, so no trial
/// answers for them any more.
fn end_strays() {
    let begun = Instant::now();
    while begun.elapsed() < KILL_DEADLINE {
        let own = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut strays = children(getpid().as_raw_nonzero().get());
        strays.retain(|pid| !own.contains(&pid.cast_unsigned()));
        drop(own);
        if strays.is_empty() {
            return;
        }
        // Each leaves its own children to the grader, so this goes in rounds.
        for pid in strays.into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
            let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
        }
        std::thread::sleep(PAUSE);
    }
}

/// The processes whose parent is `pid`, in no order; none if `pid` is gone.
#[must_use]
pub fn children(pid: i32) -> Vec<i32> {
    /// With more threads than this it is quicker to ask all processes for their parent.
    const MANY: i64 = 64;
    // The list is kept for each thread, and a kernel may be built without it (CONFIG_PROC_CHILDREN).
    let listed = || -> Option<Vec<i32>> {
        let mut all = Vec::new();
        match Process::new(pid).and_then(|process| process.stat()) {
            Ok(stat) if stat.num_threads > MANY => return None,
            Ok(_) => {}
            Err(_) => return Some(all), // it is gone
        }
        for task in Process::new(pid).ok()?.tasks().ok()?.flatten() {
            match task.children() {
                Ok(children) => all.extend(children.into_iter().map(u32::cast_signed)),
                // The thread ended meanwhile, and its children passed to another one.
                Err(_) if Process::new(pid).is_ok_and(|p| p.task_from_tid(task.tid).is_err()) => {}
                Err(_) => return None,
            }
        }
        Some(all)
    };
    listed().unwrap_or_else(|| {
        let Ok(processes) = procfs::process::all_processes() else { return Vec::new() };
        let stats = processes.flatten().filter_map(|process| process.stat().ok());
        stats.filter(|stat| stat.ppid == pid).map(|stat| stat.pid).collect()
    })
}

/// All processes below `root`, without itself, parents first.
#[must_use]
pub fn descendants(root: i32) -> Vec<i32> {
    let mut all = children(root);
    let mut next = 0;
    while let Some(&pid) = all.get(next) {
        for child in children(pid) {
            // A process that moves up while we look may be met twice.
            if !all.contains(&child) {
                all.push(child);
            }
        }
        next += 1;
    }
    all
}

/// The supervisor's main function: `arguments` are those after [`ARGUMENT`].
#[must_use]
pub fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let descriptors = arguments.next().and_then(|word| word.to_str()?.parse().ok());
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
    // The program's input ends when the grader closes its end, not when this process does.
    drop(command);
    // The pipes belong to the program alone: their end is its end.
    silence();
    let child = match started {
        Ok(child) => child,
        Err(error) => {
            use io::ErrorKind as Kind;
            let reason = format!("{}: {error}", program.to_string_lossy());
            let is_programs = matches!(error.kind(), Kind::NotFound | Kind::PermissionDenied)
                || error.raw_os_error() == Some(libc::ENOEXEC);
            let event = if is_programs { Event::Refused(reason) } else { Event::Unable(reason) };
            tell(&mut control, &event);
            return ExitCode::SUCCESS;
        }
    };
    if let Ok(orders) = control.try_clone() {
        std::thread::spawn(move || end_when_told(orders));
    }
    reap(&mut control, child.id().cast_signed());
    ExitCode::SUCCESS
}

/// Sets what holds for this process and so for all that it starts.
fn limit(descriptors: u64) -> io::Result<()> {
    set_child_subreaper(Some(getpid()))?;
    let both = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::Core, both(0))?;
    setrlimit(Resource::Fsize, both(LARGEST_FILE))?;
    let most = getrlimit(Resource::Nofile).maximum.unwrap_or(descriptors);
    setrlimit(Resource::Nofile, both(descriptors.min(most)))?;
    Ok(())
}

/// Starts the program so that it dies with this thread, the supervisor's main one: the parent-death
/// signal fires when the *thread* that started the child ends (prctl(2), PR_SET_PDEATHSIG). It gets a
/// session of its own, and with that no terminal: it can neither read the user's keys nor write over the
/// report.
#[allow(unsafe_code)]
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

/// Hands a descriptor to the supervisor, with a byte to go by (unix(7), SCM_RIGHTS).
fn send_descriptor(control: &UnixStream, descriptor: &OwnedFd) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor.as_fd()];
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(control, &[IoSlice::new(&[0])], &mut ancillary, SendFlags::empty())?;
    Ok(())
}

/// Takes the descriptor that the grader hands over.
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

/// Lets go of the program's pipes.
fn silence() {
    let null = rustix::fs::open("/dev/null", rustix::fs::OFlags::WRONLY, rustix::fs::Mode::empty());
    if let Ok(null) = null {
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}

/// Waits for children until none is left, and reports the end of the program itself.
fn reap(control: &mut UnixStream, program: i32) {
    while let Ok(found) = wait(WaitOptions::empty()) {
        let Some((pid, status)) = found else { continue };
        if pid.as_raw_nonzero().get() != program {
            continue;
        }
        let end = match status.exit_status() {
            Some(status) => End::Status(status),
            None => End::Signal(status.terminating_signal().unwrap_or(0)),
        };
        tell(control, &Event::Ended(end));
    }
}

/// Sleeps until the grader closes its end, by will or by death; then ends the tree.
fn end_when_told(mut orders: UnixStream) {
    let _ = orders.read(&mut [0]);
    let this = getpid().as_raw_nonzero().get();
    let begin = Instant::now();
    // In rounds: a process may start another while we look.
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

fn tell(control: &mut UnixStream, event: &Event) {
    if let Ok(mut line) = serde_json::to_string(event) {
        line.push('\n');
        // The grader may be gone; then there is nobody to tell.
        let _ = control.write_all(line.as_bytes());
    }
}

/// Reads the next event; `None` when the supervisor is gone.
pub fn next_event(events: &mut BufReader<UnixStream>) -> Option<Event> {
    let mut line = String::new();
    events.read_line(&mut line).ok()?;
    serde_json::from_str(&line).ok()
}
