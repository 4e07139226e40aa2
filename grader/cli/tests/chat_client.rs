//! The client that lab 07 gives to students: users chat through the solution's server.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use common::built;

/// Far longer than any step here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program that is killed when this is dropped.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    printed: Receiver<String>,
    said: Receiver<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        let printed = lines(child.stdout.take().unwrap());
        let said = lines(child.stderr.take().unwrap());
        Self { child, input, printed, said }
    }

    fn give(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    fn expect(&self, line: &str) {
        assert_eq!(self.printed.recv_timeout(PATIENCE).unwrap(), line);
    }

    fn status(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

/// The lines of `output`, as they arrive.
fn lines(output: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            if sender.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    receiver
}

#[test]
fn two_people_talk() {
    let program = built("solution07");
    let mut server = Running::start(Command::new(&program).args(["--addr", "127.0.0.1:0"]));
    let first = server.printed.recv_timeout(PATIENCE).unwrap();
    let address = first.strip_prefix("listening on ").unwrap().to_owned();
    let join = |name: &str| {
        Running::start(Command::new(&program).args(["client", &address, name, "rust"]))
    };
    let mut ana = join("ana");
    ana.expect("* here: ana");
    let mut bob = join("bob");
    bob.expect("* here: ana, bob");
    ana.expect("* bob joined");
    bob.give("hello, \"ana\" \u{1b}[31m");
    // An escape sequence is shown, not sent to the terminal.
    ana.expect("bob: hello, \"ana\" \u{fffd}[31m");
    bob.expect("bob: hello, \"ana\" \u{fffd}[31m");
    bob.give("/who");
    bob.expect("* here: ana, bob");
    let mut rival = join("ana");
    rival.expect("! user id already taken");
    assert_eq!(rival.status(), Some(1));
    let reason = rival.said.recv_timeout(PATIENCE).unwrap();
    assert!(reason.starts_with("error: "), "{reason}");
    bob.give("/quit");
    assert_eq!(bob.status(), Some(0));
    ana.expect("* bob left");
    drop(ana.input.take());
    assert_eq!(ana.status(), Some(0));
    let mut cleo = join("cleo");
    cleo.expect("* here: cleo");
    server.child.kill().unwrap();
    assert_eq!(cleo.status(), Some(1));
    let reason = cleo.said.recv_timeout(PATIENCE).unwrap();
    assert!(reason.starts_with("error: "), "{reason}");
}
