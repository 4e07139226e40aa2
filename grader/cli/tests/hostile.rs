//! Whatever a program does, the grader reaches a verdict in time, says why, and leaves nothing behind.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{MARK, expect_nobody, expect_started, grader, hostile, mark};
use rustix::process::{Pid, Signal, kill_process};

/// Runs lab 01's check echo-bytes on `mode`. Expects `status`, each of `texts` in the report, and no process
/// left behind.
fn expect(mode: &str, status: i32, texts: &[&str]) {
    expect_of("1", "echo-bytes", mode, status, texts);
}

/// Like [`expect`], with a check of a client program.
fn expect_visitor(mode: &str, texts: &[&str]) {
    expect_of("3", "client-roundtrip", mode, 1, texts);
}

fn expect_of(lab: &str, check: &str, mode: &str, status: i32, texts: &[&str]) {
    let mark = mark();
    let program = format!("{} {mode}", hostile().display());
    let arguments = ["check", lab, "--only", check, "--program", &program];
    let run = grader().env(MARK, &mark).args(arguments).assert();
    let report = String::from_utf8(run.code(status).get_output().stdout.clone()).unwrap();
    // Regardless of line breaks.
    let words = report.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in texts {
        assert!(words.contains(text), "{text:?} is not in\n{report}");
    }
    expect_nobody(&mark);
}

#[test]
fn a_program_that_never_prints_its_line() {
    expect("never-prints", 1, &["✗ start-up", "the program is listening, but its line"]);
}

#[test]
fn a_program_that_does_not_flush_its_line() {
    expect("not-flushed", 1, &["✗ start-up", "flush"]);
}

#[test]
fn a_program_that_never_prints_and_stays_awake() {
    expect(
        "never-prints-awake",
        1,
        &["✗ start-up", "0 bytes of output without that line within 8"],
    );
}

#[test]
fn a_program_that_prints_garbage_first() {
    expect("garbage-first", 1, &["\"Server v1.0 starting up\"", "logs belong on standard error"]);
}

#[test]
fn a_program_that_prints_invalid_utf8() {
    expect("invalid-utf8", 1, &[r#""\xff\xfe\x00listening", which is not UTF-8"#]);
}

#[test]
fn a_program_that_prints_one_endless_line() {
    expect("no-newline", 1, &["✗ start-up", "\"xxxxxxxx"]);
}

#[test]
fn a_program_that_exits_at_once() {
    expect("exits-at-once", 1, &["the program ended with status 3", "error: cannot do it"]);
}

#[test]
fn a_program_that_exits_after_its_line() {
    expect(
        "exits-after-listening",
        1,
        &["the program ended with status 0", "ended as if its work were done"],
    );
}

#[test]
fn a_program_that_listens_elsewhere_than_it_says() {
    expect("listens-elsewhere", 1, &["the program is listening on 127.0.0.1:"]);
}

#[test]
fn a_program_that_ignores_sigterm_is_right_and_gone() {
    expect("ignores-sigterm", 0, &["✓ echo-bytes"]);
}

#[test]
fn a_program_whose_child_leaves_group_and_session() {
    expect("forks", 0, &["✓ echo-bytes"]);
}

#[test]
fn a_program_that_kills_its_supervisor() {
    expect("kills-its-parent", 1, &["✗ echo-bytes"]);
}

#[test]
fn a_program_that_stops_its_supervisor() {
    expect("stops-its-parent", 0, &["✓ echo-bytes"]);
}

#[test]
fn a_program_whose_first_thread_ends_is_watched_through_the_others() {
    expect("first-thread-ends", 0, &["✓ echo-bytes"]);
}

#[test]
fn a_program_that_answers_only_after_its_own_timeouts_does_not_hang() {
    expect_of("1", "empty-session", "read-timeouts", 0, &["✓ empty-session"]);
}

#[test]
fn a_program_that_floods_its_output_in_bounded_memory() {
    let mark = mark();
    let program = format!("{} floods", hostile().display());
    let mut run = Command::new(assert_cmd::cargo::cargo_bin!("grader"))
        .args(["check", "1", "--only", "echo-bytes", "--program", &program])
        .env(MARK, &mark)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let process = procfs::process::Process::new(run.id().cast_signed()).unwrap();
    let mut peak = 0;
    while run.try_wait().unwrap().is_none() {
        let highest = process.status().ok().and_then(|status| status.vmhwm);
        peak = peak.max(highest.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut report = String::new();
    run.stdout.take().unwrap().read_to_string(&mut report).unwrap();
    assert!(report.contains("✓ echo-bytes"), "{report}");
    assert!(peak > 0 && peak < 100 * 1024, "the grader took {peak} KiB");
    expect_nobody(&mark);
}

/// A run of the grader on a program that never answers and whose hang cannot be proven. Returns once a
/// client is connected.
fn hanging_run(mark: &str) -> std::process::Child {
    let program = format!("{} hangs-awake", hostile().display());
    let run = Command::new(assert_cmd::cargo::cargo_bin!("grader"))
        .args(["check", "1", "--program", &program])
        .env(MARK, mark)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    expect_started(mark);
    run
}

fn signal(run: &std::process::Child, signal: Signal) {
    kill_process(Pid::from_raw(run.id().cast_signed()).unwrap(), signal).unwrap();
}

#[test]
fn a_client_that_never_reads() {
    expect_visitor("visits-and-never-reads", &["no answer, and none can come", "of unread data"]);
}

#[test]
fn a_client_that_never_exits() {
    let texts = ["no answer, and none can come", "has closed its side, too"];
    expect_visitor("visits-and-never-exits", &texts);
}

#[test]
fn a_client_that_floods_its_output() {
    expect_visitor(
        "visits-and-floods",
        &["prints data that the server did not send", "\"xxxxxxxx"],
    );
}

#[test]
fn a_client_that_floods_its_errors() {
    expect_visitor("visits-and-floods-errors", &["no answer within", "of unread data"]);
}

#[test]
fn a_client_that_wants_a_terminal() {
    let texts = ["the program ended with status 1", "No such device or address"];
    expect_visitor("visits-with-a-terminal", &texts);
}

#[test]
fn a_client_that_ends_too_early_and_leaves_a_child() {
    expect_visitor("visits-and-leaves-a-child", &["the program ended with status 0"]);
}

#[test]
fn a_machine_with_too_few_descriptors_is_not_the_programs_fault() {
    let grader = assert_cmd::cargo::cargo_bin!("grader");
    let program = format!("{} ignores-sigterm", hostile().display());
    let script = format!(
        "ulimit -n 600; exec {} check 3 --only all-open-at-once --program '{program}'",
        grader.display()
    );
    let run = Command::new("sh").args(["-c", &script]).env("NO_COLOR", "1").output().unwrap();
    let report = String::from_utf8(run.stdout).unwrap();
    assert_eq!(run.status.code(), Some(2), "{report}");
    let words = report.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("1000 clients need 1128 open descriptors, but only 600"), "{report}");
    assert!(words.contains("ulimit -Hn"), "{report}");
}

#[test]
fn ctrl_c_ends_everything_and_prints_the_results_so_far() {
    let mark = mark();
    let run = hanging_run(&mark);
    signal(&run, Signal::INT);
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("interrupted") && report.contains("Score 0 of 100"), "{report}");
    expect_nobody(&mark);
}

#[test]
fn a_killed_grader_leaves_no_process_either() {
    let mark = mark();
    let mut run = hanging_run(&mark);
    signal(&run, Signal::KILL);
    run.wait().unwrap();
    expect_nobody(&mark);
}

#[test]
fn ctrl_c_on_a_terminal_leaves_it_as_it_was() {
    let mark = mark();
    let grader = assert_cmd::cargo::cargo_bin!("grader");
    let program = format!("{} hangs-awake", hostile().display());
    // In its own terminal with 80 columns; Ctrl-C is typed once a check is running. It also reaches the
    // shell, which may then end (dash) or continue (bash); hence the trap.
    let script = format!(
        "trap : INT; stty cols 80; stty -g; {} check 1 --program '{program}'; echo; stty -g",
        grader.display()
    );
    let mut terminal = Command::new("script")
        .args(["--quiet", "--command", &script, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .env(MARK, &mark)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    expect_started(&mark);
    use std::io::Write;
    let mut keys = terminal.stdin.take().unwrap();
    keys.write_all(b"\x03").unwrap();
    let mut shown = String::new();
    terminal.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    drop(keys);
    terminal.wait().unwrap();
    let settings: Vec<_> = shown.lines().filter(|line| line.matches(':').count() > 20).collect();
    assert_eq!(settings.len(), 2, "{shown}");
    assert_eq!(settings[0], settings[1], "the terminal's settings changed");
    assert_eq!(shown.matches("\x1b[?25l").count(), shown.matches("\x1b[?25h").count(), "no cursor");
    assert!(shown.contains("interrupted"), "{shown}");
    expect_nobody(&mark);
}
