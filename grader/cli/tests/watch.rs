//! `cargo grader watch`, in a terminal and in a pipe.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{copied_checkout, copies_target, root};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tempfile::TempDir;

const SOURCE: &str = "labs/01-blocking-threads/src/lib.rs";

/// A pty's two ends.
struct Pty {
    master: OwnedFd,
    slave: OwnedFd,
}

impl Pty {
    fn open(columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let this = Self { master, slave: slave.into() };
        this.resize(columns);
        this
    }

    fn resize(&self, columns: u16) {
        let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.slave, size).unwrap();
    }

    /// Whether keys arrive one by one, without being echoed.
    fn is_raw(&self) -> bool {
        !tcgetattr(&self.slave)
            .unwrap()
            .local_modes
            .intersects(LocalModes::ICANON | LocalModes::ECHO)
    }
}

/// `watch`, running.
struct Watch {
    grader: Child,
    output: Arc<Mutex<Vec<u8>>>,
    /// How much of the output was seen.
    seen: usize,
    pty: Option<Pty>,
}

impl Watch {
    fn in_pipe(checkout: &Path, arguments: &[&str]) -> Self {
        Self::start(checkout, None, arguments, "xterm")
    }

    fn in_terminal(checkout: &Path, columns: u16, arguments: &[&str]) -> Self {
        Self::start(checkout, Some(columns), arguments, "xterm")
    }

    /// Starts it in a terminal of type `term` with this number of columns, or in a pipe.
    #[allow(unsafe_code)]
    fn start(checkout: &Path, columns: Option<u16>, arguments: &[&str], term: &str) -> Self {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("grader"));
        command.arg("watch").args(arguments).current_dir(checkout);
        command.env("CARGO_TARGET_DIR", copies_target()).env("TERM", term).env_remove("NO_COLOR");
        let Some(columns) = columns else {
            let mut grader = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
            let output = collect(grader.stdout.take().unwrap());
            return Self { grader, output, seen: 0, pty: None };
        };
        let pty = Pty::open(columns);
        let end = || pty.slave.try_clone().unwrap();
        command.stdin(end()).stdout(end()).stderr(end());
        // SAFETY: the closure makes two system calls and touches no memory that another thread may hold.
        unsafe {
            command.pre_exec(|| {
                rustix::process::setsid()?;
                rustix::process::ioctl_tiocsctty(std::io::stdin().as_fd())?;
                Ok(())
            });
        }
        let grader = command.spawn().unwrap();
        drop(command);
        let output = collect(File::from(pty.master.try_clone().unwrap()));
        Self { grader, output, seen: 0, pty: Some(pty) }
    }

    /// Waits until something new contains `text`. Returns what is new, up to its end.
    fn expect(&mut self, text: &str) -> String {
        let begin = Instant::now();
        loop {
            let output = self.output.lock().unwrap();
            let new = &output[self.seen.min(output.len())..];
            if let Some(place) = new.windows(text.len()).position(|it| it == text.as_bytes()) {
                let end = place + text.len();
                let shown = String::from_utf8_lossy(&new[..end]).into_owned();
                self.seen += end;
                return shown;
            }
            let shown = String::from_utf8_lossy(new).into_owned();
            drop(output);
            assert!(begin.elapsed() < Duration::from_secs(120), "no {text:?} in: {shown}");
            #[allow(
                clippy::disallowed_methods,
                reason = "the output of a pty has no condition to wait for"
            )]
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn press(&self, keys: &str) {
        let master = self.pty.as_ref().unwrap().master.try_clone().unwrap();
        File::from(master).write_all(keys.as_bytes()).unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.grader), signal).unwrap();
    }

    fn wait(&mut self) -> ExitStatus {
        self.grader.wait().unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.grader.kill();
        let _ = self.grader.wait();
    }
}

/// Collects what `source` delivers.
fn collect(mut source: impl Read + Send + 'static) -> Arc<Mutex<Vec<u8>>> {
    let output = Arc::<Mutex<Vec<u8>>>::default();
    let collected = Arc::clone(&output);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = source.read(&mut buffer) {
            collected.lock().unwrap().extend(&buffer[..count]);
        }
    });
    output
}

/// A checkout, the starter of its first lab, and that lab's solution.
fn checkout() -> (TempDir, PathBuf, String, String) {
    let checkout = copied_checkout();
    let source = checkout.path().join(SOURCE);
    let starter = fs::read_to_string(&source).unwrap();
    let solution = fs::read_to_string(root().join(SOURCE.replace("labs", "solutions"))).unwrap();
    (checkout, source, starter, solution)
}

/// `text` with another text instead of `part`.
fn replaced(text: &str, part: &str, by: &str) -> String {
    assert!(text.contains(part), "{part} is missing");
    text.replacen(part, by, 1)
}

#[test]
fn in_a_pipe_reports_follow_each_other() {
    let (checkout, source, starter, solution) = checkout();
    let mut watch = Watch::in_pipe(checkout.path(), &["1"]);
    let first = watch.expect("cargo grader check 1 --task 1\n");
    assert!(first.contains("Not written yet"), "{first}");
    assert!(!first.contains('\x1b'), "a pipe has no colours: {first}");
    // What does not compile is shown as cargo shows it.
    fs::write(&source, "this is not Rust").unwrap();
    watch.expect("labs/01-blocking-threads/src/lib.rs:1:");
    // An editor may write a new file and rename it.
    let new = source.with_extension("new");
    fs::write(&new, &solution).unwrap();
    fs::rename(&new, &source).unwrap();
    let done = watch.expect("Lab 01 is done. Next, lab 02: cargo grader next 2\n");
    assert!(done.contains("Score 100 of 100"), "{done}");
    // A deleted folder is an error, not the end.
    let folder = source.parent().unwrap();
    fs::remove_dir_all(folder).unwrap();
    watch.expect("src is missing; to restore it: cargo grader reset 1");
    fs::create_dir(folder).unwrap();
    for file in ["main.rs", "lib.rs"] {
        let original = root().join("grader/starters/01-blocking-threads/src").join(file);
        fs::copy(original, folder.join(file)).unwrap();
    }
    watch.expect("Not written yet");
    assert_eq!(fs::read_to_string(&source).unwrap(), starter);
    watch.signal(Signal::TERM);
    assert_eq!(watch.wait().code(), Some(130));
}

#[test]
fn keys_show_what_they_name() {
    let (checkout, source, _, solution) = checkout();
    // It handles one client after the other.
    let spawn = "thread::Builder::new().spawn(client)";
    fs::write(&source, replaced(&solution, spawn, "Ok::<(), io::Error>(client())")).unwrap();
    let mut watch = Watch::in_terminal(checkout.path(), 80, &["1"]);
    watch.expect("q quit");
    watch.expect("waiting for changes");
    watch.press("h");
    watch.expect("Hint 1 of");
    watch.press("e");
    watch.expect("Why it matters");
    watch.press("t");
    watch.expect("start the program");
    watch.press("l");
    watch.expect("blocking-threads");
    watch.press("n");
    watch.expect("Turns green");
    // A cursor key is not a command; any other key returns to the report.
    watch.press("\x1b[A");
    watch.press(" ");
    watch.expect("Score ");
    watch.press("q");
    assert!(watch.wait().success());
    assert!(!watch.pty.as_ref().unwrap().is_raw(), "the terminal is restored");
}

#[test]
fn a_terminal_is_restored_however_watch_ends() {
    let (checkout, ..) = checkout();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL] {
        let mut watch = Watch::in_terminal(checkout.path(), 80, &["1"]);
        watch.expect("waiting for changes");
        let pty = watch.pty.take().unwrap();
        assert!(pty.is_raw(), "keys arrive one by one");
        watch.signal(signal);
        let status = watch.wait();
        if signal != Signal::KILL {
            assert_eq!(status.code(), Some(130), "{signal:?}");
        }
        // After SIGKILL, the keeper restores it a moment later.
        let begin = Instant::now();
        while pty.is_raw() {
            assert!(begin.elapsed() < Duration::from_secs(20), "still changed after {signal:?}");
            std::thread::yield_now();
        }
    }
}

/// Two watches of one checkout, and a terminal that cannot move its cursor, which is treated like a pipe.
#[test]
fn two_watches_see_the_same_changes() {
    let (checkout, source, _, solution) = checkout();
    let mut watches = [
        Watch::in_pipe(checkout.path(), &["1", "--poll"]),
        Watch::start(checkout.path(), Some(80), &["1"], "dumb"),
    ];
    for watch in &mut watches {
        watch.expect("Not written yet");
    }
    fs::write(&source, &solution).unwrap();
    for watch in &mut watches {
        let shown = watch.expect("Lab 01 is done.");
        assert!(!shown.contains("\x1b[H"), "it moves the cursor: {shown}");
    }
    assert!(!watches[1].pty.as_ref().unwrap().is_raw());
}

#[test]
fn a_narrow_terminal_gets_narrow_lines() {
    let (checkout, ..) = checkout();
    let mut watch = Watch::in_terminal(checkout.path(), 100, &["1"]);
    watch.expect("waiting for changes");
    watch.pty.as_ref().unwrap().resize(40);
    let report = watch.expect("waiting for changes");
    watch.press("l");
    let shown = report + &watch.expect("waiting for changes");
    // Each begins at the top of the screen, or of the line.
    let shown = shown.replace("\x1b[H", "\n").replace('\r', "\n");
    // Commands and places stay on one line, so that they can be copied.
    let is_copied = |line: &&str| ["cargo ", "labs/"].iter().any(|it| line.trim().starts_with(it));
    let lines = shown.lines().filter(|line| !is_copied(line));
    for line in lines {
        let plain = anstream::adapter::strip_str(line.trim_end()).to_string();
        assert!(plain.chars().count() <= 40, "{plain:?} is wider than 40 columns");
    }
}

#[test]
fn an_edit_during_a_run_starts_again() {
    let (checkout, source, _, solution) = checkout();
    // It accepts clients and never answers: no check ends soon.
    let begin = "let mut buffer = [0; BUFFER_SIZE];";
    let silent = replaced(&solution, begin, &format!("thread::park(); {begin}"));
    fs::write(&source, silent).unwrap();
    let mut watch = Watch::in_terminal(checkout.path(), 80, &["1"]);
    watch.expect("of 4 checks: ");
    fs::write(&source, &solution).unwrap();
    let shown = watch.expect("Lab 01 is done.");
    assert!(!shown.contains('✗'), "the cancelled run has no report: {shown}");
    watch.press("q");
    assert!(watch.wait().success());
}

#[test]
fn stress_and_all_checks_run_on_request() {
    let (checkout, source, _, solution) = checkout();
    let slots = "Slots::new(options.max_connections)";
    fs::write(&source, replaced(&solution, slots, "Slots::new(1_000_000)")).unwrap();
    let mut watch = Watch::in_terminal(checkout.path(), 80, &["1"]);
    let shown = watch.expect("waiting for changes");
    // Tasks 1 and 2 are done, task 3 fails.
    assert!(
        shown.contains("Next: fix 01/connection-limit") || shown.contains("Next, task 3"),
        "{shown}"
    );
    watch.press("a");
    watch.expect("waiting for changes");
    watch.press("s");
    watch.expect("run 1 of 20 beside 4 busy processes");
    watch.press("q");
    assert!(watch.wait().success());
}
