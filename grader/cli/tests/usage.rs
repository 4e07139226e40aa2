//! Wrong usage gets a helpful one-line message and status 2.

#![allow(clippy::unwrap_used)]

mod common;

use common::{grader, hostile};
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn an_unknown_lab_gets_the_closest_names() {
    let run = grader().args(["check", "blocking-treads"]).assert().code(2);
    run.stderr(contains("no lab blocking-treads; did you mean 01-blocking-threads?"));
    let run = grader().args(["check", "77"]).assert().code(2);
    run.stderr(contains("no lab 77"));
}

#[test]
fn an_unknown_check_gets_the_closest_names() {
    let run = grader().args(["check", "1", "--only", "01/half-clsoe"]).assert().code(2);
    run.stderr(contains("no check 01/half-clsoe; did you mean half-close"));
}

#[test]
fn an_unknown_task_is_refused() {
    let run = grader().args(["check", "1", "--task", "9"]).assert().code(2);
    run.stderr(contains("lab 1 has no task 9: its tasks are 1 to 4"));
}

#[test]
fn a_missing_program_is_refused() {
    let refused = |command: &str, text: &str| {
        let run = grader().args(["check", "1", "--program", command]).assert().code(2);
        run.stderr(contains(text)).stdout(predicate::str::is_empty());
    };
    refused("/nowhere/server", "there is no program /nowhere/server");
    refused("no-such-program-anywhere", "there is no program no-such-program-anywhere in PATH");
    refused("./Cargo.toml", "./Cargo.toml is not executable");
    refused("'python3", "unclosed quote");
    refused("", "--program is empty");
}

#[test]
fn the_list_names_every_lab() {
    grader().arg("list").assert().success().stdout(contains("blocking-threads"));
}

#[test]
fn sync_has_nothing_to_write() {
    grader().args(["sync", "--check"]).assert().success().stdout(predicate::str::is_empty());
}

#[test]
fn only_runs_what_it_names_and_a_seed_is_repeated() {
    let program = format!("{} ignores-sigterm", hostile().display());
    let arguments =
        ["check", "1", "--only", "01/half", "--seed", "00c0ffee", "--program", &program];
    let run = grader().args(arguments).assert().success();
    run.stdout(contains("seed 00c0ffee"))
        .stdout(contains("✓ half-close"))
        .stdout(contains("Score 10 of 10"))
        .stdout(contains("echo-bytes").not());
}

#[test]
fn json_is_one_document_with_a_schema() {
    let program = format!("{} exits-after-listening", hostile().display());
    let arguments = ["check", "1", "--json", "--task", "1", "--program", &program];
    let run = grader().args(arguments).assert().code(1);
    let document: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    assert_eq!(document["schema"], 2);
    let report = &document["reports"][0];
    assert_eq!((&report["score"], &report["points"]), (&0.into(), &34.into()));
    let checks = report["checks"].as_array().unwrap();
    assert_eq!(checks[0]["verdict"], "failed");
    assert!(
        checks[0]["failure"]["cause"]["text"]
            .as_str()
            .unwrap()
            .contains("as if its work were done")
    );
    assert_eq!(checks[2]["verdict"], "blocked");
    assert_eq!(checks[2]["blocked_by"], "01/echo-bytes");
}

#[test]
fn repeated_runs_are_counted() {
    let program = format!("{} ignores-sigterm", hostile().display());
    let arguments =
        ["check", "1", "--only", "empty", "--repeat", "3", "--load", "1", "--program", &program];
    let run = grader().args(arguments).assert().success();
    run.stdout(contains("3 runs: 3 passed, 0 failed, 0 inconclusive; a check was retried in 0"));
}

#[test]
fn a_report_fits_into_80_columns() {
    let program = format!("{} exits-after-listening", hostile().display());
    let run = grader().args(["check", "1", "--full", "--program", &program]).assert().code(1);
    let report = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    let is_command = |line: &&str| line.trim().starts_with("cargo grader "); // meant to be copied
    let lines = report.lines().filter(|line| !is_command(line));
    let long: Vec<_> = lines.filter(|line| line.chars().count() > 80).collect();
    assert_eq!(long, [""; 0]);
    assert!(!report.contains('\x1b'), "colour in a pipe");
}
