//! `cargo grader inspect` on real servers of each concurrency model.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader, Lines, Read};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use common::{MARK, expect_nobody, grader, has, hostile, mark, source};
use predicates::str::contains;

/// Inspects `program` with two clients connected, and returns the first view that shows both.
fn view(program: &str) -> String {
    let mark = mark();
    let mut inspect = Command::new(assert_cmd::cargo::cargo_bin!("grader"))
        .args(["inspect", "--watch", "--program", program])
        .env(MARK, &mark)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(inspect.stderr.take().unwrap()).lines();
    let first = said.next().unwrap().unwrap();
    let address = first.strip_prefix("| listening on ").expect(&first);
    let clients = [(); 2].map(|()| TcpStream::connect(address).unwrap());
    let view = find(&mut inspect, "2 sockets ESTABLISHED");
    drop(clients);
    inspect.kill().unwrap();
    inspect.wait().unwrap();
    expect_nobody(&mark);
    view
}

/// The first view printed by `inspect` that contains `text`.
fn find(inspect: &mut Child, text: &str) -> String {
    let mut lines: Lines<BufReader<ChildStdout>> =
        BufReader::new(inspect.stdout.take().unwrap()).lines();
    let begin = Instant::now();
    let mut view = String::new();
    while begin.elapsed() < Duration::from_secs(30) {
        let line = lines.next().unwrap().unwrap();
        if line.is_empty() {
            if view.contains(text) {
                return view;
            }
            view.clear();
        }
        view += &format!("{line}\n");
    }
    panic!("{text:?} is in no view; the last was\n{view}");
}

fn expect(program: &str, texts: &[&str]) {
    let view = view(program);
    for text in texts {
        assert!(view.contains(text), "{text:?} is not in\n{view}");
    }
}

#[test]
fn threads_are_shown_with_what_each_sleeps_in() {
    if has("python3") {
        let program = format!("python3 {} --addr 127.0.0.1:0", source("threads.py"));
        expect(
            &program,
            &["3 threads", "2 threads in recv on a client's socket", "listening on 127"],
        );
    }
}

#[test]
fn one_thread_in_select_poll_or_epoll_is_shown() {
    if has("python3") {
        let program = |backend| {
            let source = source("selectors_echo.py");
            format!("python3 {source} --addr 127.0.0.1:0 --backend {backend}")
        };
        // Which variant of a system call is used depends on the machine and its libc.
        expect(&program("select"), &["1 thread in ", "select"]);
        expect(&program("poll"), &["1 thread in ", "poll\n"]);
        let set = ["an epoll set watches 3 descriptors", "2 clients for EPOLLIN\n"];
        expect(&program("epoll"), &["1 thread in epoll_", set[0], set[1]]);
    }
}

#[test]
fn a_process_for_each_client_is_shown_below_its_parent() {
    if has("python3") {
        let program = format!("python3 {} --addr 127.0.0.1:0", source("processes.py"));
        let view = view(&program);
        // The command follows the column of process ids.
        let is_child = |line: &&str| line.contains("python") && line[11..].starts_with("  ");
        assert!(view.contains("3 processes, 3 threads"), "{view}");
        assert_eq!(view.lines().filter(is_child).count(), 2, "{view}");
    }
}

#[test]
fn a_runtime_is_shown_with_its_edge_triggered_epoll_set() {
    // This builds the solution.
    grader().args(["check", "3", "--solution", "--only", "empty-session"]).assert().success();
    let solution = common::target().join("variants/target/debug/solution03");
    let program = format!("{} serve --addr 127.0.0.1:0", solution.display());
    let mask = "2 clients for EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET";
    expect(&program, &["1 process, 1 thread", "1 thread in epoll", mask]);
}

#[test]
fn a_loop_that_sleeps_shows_its_switches() {
    let program = format!("{} never-prints-awake", hostile().display());
    let run = grader().args(["inspect", "--program", &program]).assert().success();
    let view = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    let line = view.lines().find(|line| line.contains("voluntary")).unwrap();
    let switches: u32 = line.split(' ').nth(3).unwrap().parse().unwrap();
    assert!(switches > 10, "{line}");
}

#[test]
fn a_process_that_may_not_be_inspected_is_named_with_the_reason() {
    // The first process belongs to root, but even root may be denied access to it.
    let run = grader().args(["inspect", "1"]).assert();
    let output = run.get_output();
    let view = String::from_utf8(output.stdout.clone()).unwrap();
    let words = view.split_whitespace().collect::<Vec<_>>().join(" ");
    match output.status.code() {
        Some(0) => assert!(words.contains("context switches"), "{view}"),
        Some(2) if view.is_empty() => run_says_there_is_none(&output.stderr),
        Some(2) => assert!(words.contains("of process ") && words.contains("ptrace"), "{view}"),
        status => panic!("{status:?}: {view}"),
    }
}

/// For machines where /proc shows users only their own processes.
fn run_says_there_is_none(stderr: &[u8]) {
    assert!(String::from_utf8_lossy(stderr).contains("there is no process 1"));
}

#[test]
fn a_missing_process_or_an_ended_program_is_reported() {
    let none = grader().args(["inspect", "2147483647"]).assert().code(2);
    none.stderr(contains("there is no process 2147483647"));
    let gone = format!("{} exits-at-once", hostile().display());
    let ended = grader().args(["inspect", "--program", &gone]).assert().code(2);
    ended.stderr(contains("error: cannot do it")).stderr(contains("the program has ended"));
}

#[test]
fn it_ends_when_its_reader_goes_away() {
    let program = format!("{} ignores-sigterm", hostile().display());
    let mark = mark();
    let mut inspect = Command::new(assert_cmd::cargo::cargo_bin!("grader"))
        .args(["inspect", "--watch", "--program", &program])
        .env(MARK, &mark)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    inspect.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
    inspect.wait().unwrap();
    expect_nobody(&mark);
}
