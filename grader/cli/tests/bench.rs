//! `cargo grader bench`: what it prints, what it writes, and how it treats programs that cannot be measured. Whether the
//! figures are right is for a person to judge; these tests only require that they exist.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use common::{
    MARK, expect_nobody, expect_started_within, grader, has, hostile, mark, measured_in_browser,
};
use predicates::prelude::*;
use predicates::str::contains;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

/// Tests run one after the other, so that the first to build an optimised lab builds it for all.
static TURN: Mutex<()> = Mutex::new(());

/// Runs the benchmark, with results in `out`.
fn bench(out: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mark = mark();
    let mut command = grader();
    // Optimised dependencies take minutes to build, once.
    command.timeout(Duration::from_secs(400)).env(MARK, &mark);
    let run = command.args(["bench", "--out"]).arg(out).args(arguments).assert();
    expect_nobody(&mark);
    run
}

/// The beginning of a short run of lab 02's solution.
const SHORT: [&str; 4] = ["2", "--solution", "--measure-ms", "40"];

fn hostile_as(name: &str, mode: &str) -> String {
    format!("{name}={} {mode}", hostile().display())
}

fn results(out: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(out.join("results.json")).unwrap()).unwrap()
}

/// The measurement of a program at a number of connections.
fn cell<'r>(results: &'r Value, subject: &str, scenario: &str, connections: u64) -> &'r Value {
    let place = results["subjects"].as_array().unwrap().iter().position(|name| name == subject);
    let cells = results["cells"].as_array().unwrap();
    let is_it = |cell: &&Value| {
        cell["subject"] == place.unwrap()
            && cell["point"]["scenario"] == scenario
            && cell["point"]["connections"] == connections
    };
    cells.iter().find(is_it).unwrap()
}

#[test]
fn all_scenarios_are_measured_and_shown_in_80_columns() {
    let out = tempfile::tempdir().unwrap();
    // Long enough for 600 requests at the fixed rate; a p99 of fewer would mean little.
    let mut arguments = vec!["2", "--solution", "--measure-ms", "300", "--rate", "2000"];
    arguments.extend(["--connections", "1,30", "--repeat", "3"]);
    let run = bench(out.path(), &arguments);
    let text = String::from_utf8(run.success().get_output().stdout.clone()).unwrap();
    for expected in [
        "1 client, which asks again after each answer",
        "30 clients, each asking again after its answer",
        "10 clients ask, and 30 are connected and idle",
        "2,000 requests a second over 100 clients, at planned moments",
        " from the planned moment",
        "least CPU first: ",
        "02 epoll",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    let is_path = |line: &&str| line.starts_with("with plots: ");
    let long: Vec<_> =
        text.lines().filter(|line| !is_path(line) && line.chars().count() > 80).collect();
    assert_eq!(long, [""; 0]);
    assert!(!text.contains('\x1b'), "colour in a pipe");

    let results = results(out.path());
    assert_eq!(results["schema"], 1);
    assert!(results["machine"]["kernel"].as_str().unwrap().starts_with("Linux "));
    let cells = results["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 3 * 5, "three backends at five points");
    for cell in cells {
        assert_eq!(cell["trouble"], Value::Null, "{cell}");
        let samples = cell["samples"].as_array().unwrap();
        assert_eq!(samples.len(), 3, "{cell}");
        for sample in samples {
            let number = |name: &str| sample[name].as_f64().unwrap();
            assert!(number("rate") > 0.0 && number("cpu") > 0.0 && number("load_cpu") > 0.0);
            assert_eq!(sample["threads"], 1, "lab 02 has one thread");
        }
    }
    // Every request of the fixed rate is counted: 300 ms at 2,000 a second.
    let sample = &cell(&results, "02 epoll", "fixed_rate", 100)["samples"][0];
    assert_eq!(sample["round_trips"], 600, "{sample}");
    assert!(sample["from_sending"].is_object(), "{sample}");
}

#[test]
fn a_program_that_cannot_be_measured_gets_a_row_with_the_reason() {
    let out = tempfile::tempdir().unwrap();
    let programs = [
        hostile_as("dies", "dies-midway"),
        hostile_as("silent", "hangs-in-futex"),
        hostile_as("wrong", "echoes-wrong"),
        hostile_as("gone", "exits-at-once"),
        hostile_as("adds", "adds-a-byte"),
        hostile_as("trickles", "trickles"),
        hostile_as("few", "keeps-every-tenth"),
        hostile_as("good", "ignores-sigterm"),
    ];
    // Each sample takes longer than the lifetime of the program that dies.
    let mut arguments = vec!["2", "--solution", "--measure-ms", "400", "--repeat", "2"];
    arguments.extend(["--scenario", "ping-pong", "--connections", "10"]);
    for program in &programs {
        arguments.extend(["--program", program]);
    }
    let run = bench(out.path(), &arguments).success();
    run.stdout(contains("ended with status 3"))
        .stdout(contains("error: the disk is full"))
        .stdout(contains("no answer within 5.00 s: serves 0 of 10"))
        .stdout(contains("the answer differs from what was sent"))
        .stdout(contains("error: cannot do it"));
    let results = results(out.path());
    let trouble = |name: &str| cell(&results, name, "ping_pong", 10)["trouble"].clone();
    assert_eq!(trouble("dies")["ended"]["last_words"][0], "error: the disk is full");
    assert_eq!(trouble("wrong"), "wrong");
    assert_eq!(trouble("adds"), "wrong");
    // The program closed the connections before anything was measured; on a slow machine, even before all of them were
    // open.
    let few = trouble("few");
    assert!(few["lost"]["lost"] == 9 || few["refuses"].is_object(), "{few}");
    // A byte now and then is not an answer.
    assert_eq!(trouble("trickles")["silent"]["served"], 0);
    for name in ["good", "02 select", "02 poll", "02 epoll"] {
        assert_eq!(trouble(name), Value::Null, "{name}");
        let samples = &cell(&results, name, "ping_pong", 10)["samples"];
        assert_eq!(samples.as_array().unwrap().len(), 2, "{name}");
    }
}

/// A process group that is killed when this is dropped, even if the test fails.
struct Group(Pid);

impl Drop for Group {
    fn drop(&mut self) {
        // The group has usually ended already.
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}

/// Ctrl-C at a terminal interrupts the grader's whole process group.
#[test]
fn an_interrupt_shows_the_results_so_far_and_leaves_no_process() {
    let out = tempfile::tempdir().unwrap();
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mark = mark();
    let program = hostile_as("good", "ignores-sigterm");
    let mut command = Command::new(grader().get_program());
    command.args([
        "bench",
        "2",
        "--solution",
        "--program",
        &program,
        "--measure-ms",
        "300",
        "--out",
    ]);
    command.arg(out.path()).env(MARK, &mark).stdout(Stdio::piped()).stdin(Stdio::null());
    let grader = command.process_group(0).spawn().unwrap();
    let group = Pid::from_raw(grader.id().cast_signed()).unwrap();
    let _guard = Group(group);
    // The program's first sample is taken after those of lab 02, and many more would follow.
    expect_started_within(Duration::from_secs(400), &mark);
    kill_process_group(group, Signal::INT).unwrap();
    let output = grader.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("interrupted: these are the results so far"), "{text}");
    expect_nobody(&mark);
}

#[test]
fn select_refuses_connections_that_it_cannot_watch() {
    let out = tempfile::tempdir().unwrap();
    let more = ["--scenario", "ping-pong", "--connections", "1100", "--repeat", "1"];
    let run = bench(out.path(), &[&SHORT[..], &more].concat()).success();
    run.stdout(contains("refuses: serves 1,0").and(contains("of 1,100")))
        .stdout(contains("02 poll            ").and(contains("1,100")))
        .stdout(contains("programs are not ranked"));
}

#[test]
fn with_few_descriptors_as_many_connections_as_fit_are_measured() {
    let out = tempfile::tempdir().unwrap();
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let program = grader();
    let limited = format!(
        "ulimit -n 300 && exec {} bench 2 --solution --scenario ping-pong --connections 5000 --repeat 1 \
         --measure-ms 40 --out {}",
        program.get_program().display(),
        out.path().display()
    );
    let run = assert_cmd::Command::new("sh").args(["-c", &limited]).assert().success();
    run.stdout(contains("5,000 connections do not fit: a process may have 300 descriptors"))
        .stdout(contains("ulimit -Hn 65536"))
        .stdout(contains("236 clients, each asking again"));
}

#[test]
fn a_starter_is_a_row_that_names_its_gap() {
    let out = tempfile::tempdir().unwrap();
    let arguments = ["1", "--scenario", "ping-pong", "--connections", "2", "--repeat", "1"];
    // Nothing could be measured.
    bench(out.path(), &arguments).code(1).stdout(contains("not yet implemented: task 1:"));
}

#[test]
fn wrong_usage_is_refused_before_anything_is_built() {
    let refused = |arguments: &[&str], text: &str| {
        grader().arg("bench").args(arguments).assert().code(2).stderr(contains(text));
    };
    refused(&["4"], "lab 04 has nothing to measure; these labs have: 01, 02, 03");
    refused(&["77"], "there is no lab 77");
    refused(&["--program", "./echo"], "give a name and a command");
    refused(&["--program", "a=/nowhere/server"], "there is no program /nowhere/server");
    refused(&["--program", "02 poll=true"], "two rows are named 02 poll");
    refused(&["--connections", "some"], "invalid value 'some'");
    refused(&["--out", "/proc/nowhere"], "cannot write results to /proc/nowhere");
}

#[test]
fn files_without_results_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    let from = |text: &str| {
        fs::write(&file, text).unwrap();
        grader().args(["bench", "--from"]).arg(&file).assert().code(2)
    };
    from("{\"schema\": 99}").stderr(contains("results of schema 99").and(contains("schema 1")));
    from("{}").stderr(contains("no results of `cargo grader bench`"));
    from("<html>").stderr(contains("it is not a JSON object"));
    from("{\"schema\": 1}").stderr(contains("claims schema 1 but does not match it"));
    let missing = grader().args(["bench", "--from", "/nowhere/results.json"]).assert().code(2);
    missing.stderr(contains("cannot read /nowhere/results.json"));
}

/// In a real browser: nothing is cut off at either width, text is large enough, nothing is loaded from a network, and
/// no error is logged.
#[test]
fn the_page_is_readable_at_both_widths() {
    if !has("chromium") {
        return;
    }
    let out = tempfile::tempdir().unwrap();
    let more = ["--connections", "1,1000", "--repeat", "1", "--rate", "500"];
    bench(out.path(), &[&SHORT[..], &more].concat()).success();
    let page = fs::read_to_string(out.path().join("index.html")).unwrap();
    let outside = page.replace("http://www.w3.org/2000/svg", "");
    assert!(
        !outside.contains("http:") && !outside.contains("https:") && !outside.contains("<script")
    );
    for width in [400, 1280] {
        let said = measured_in_browser(out.path(), "index.html", width, false);
        assert_eq!(said["aside"], 0, "at {width} pixels the page scrolls sideways: {said}");
        assert!(said["boxes"].as_u64().unwrap() > 30, "{said}");
        assert_eq!(said["cut"], 0, "at {width} pixels: {said}");
        assert!(said["least"].as_f64().unwrap() >= 12.0, "text is too small: {said}");
    }
}
