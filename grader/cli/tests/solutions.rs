//! The references get all points. cargo-mutants judges changes of them by this test: see CONTRIBUTING.

#![allow(clippy::unwrap_used)]

mod common;

use common::{built, grader};

fn expect_all_points(lab: &str) {
    grader().args(["check", lab, "--solution"]).assert().success();
}

#[test]
fn solution_01_gets_all_points() {
    expect_all_points("1");
}

#[test]
fn solution_02_gets_all_points() {
    expect_all_points("2");
}

#[test]
fn solution_03_gets_all_points() {
    expect_all_points("3");
}

#[test]
fn solution_04_gets_all_points() {
    expect_all_points("4");
}

#[test]
fn solution_05_gets_all_points() {
    expect_all_points("5");
}

#[test]
fn solution_06_gets_all_points() {
    expect_all_points("6");
}

#[test]
fn solution_07_gets_all_points() {
    expect_all_points("7");
}

#[test]
fn solution_08_gets_all_points() {
    expect_all_points("8");
}

#[test]
fn solution_09_gets_all_points() {
    expect_all_points("9");
}

/// A bad flag value is one line `error: …` and status 1, before anything is bound.
#[test]
fn solutions_refuse_bad_flags() {
    let bad: [(&str, &[&str]); 9] = [
        ("solution01", &["--max-connections", "0"]),
        ("solution02", &["--backend", "kqueue"]),
        ("solution02", &["--backend", "poll", "--trigger", "edge"]),
        ("solution04", &["--idle-timeout-ms", "soon"]),
        ("solution05", &["--grace-ms", "-1"]),
        ("solution06", &["--metrics-addr", "nowhere"]),
        ("solution07", &["--queue", "0"]),
        (
            "solution08",
            &["serve", "--cert", "a.pem", "--key", "b.pem", "--handshake-timeout-ms", "soon"],
        ),
        ("solution09", &["--max-frame", "-1"]),
    ];
    for (package, flags) in bad {
        let mut command = assert_cmd::Command::new(built(package));
        let run = command.args(flags).args(["--addr", "127.0.0.1:0"]).assert().code(1);
        let said = String::from_utf8(run.get_output().stderr.clone()).unwrap();
        assert!(said.starts_with("error: ") && said.lines().count() == 1, "{package}: {said}");
        assert!(run.get_output().stdout.is_empty(), "{package} has listened");
    }
}
