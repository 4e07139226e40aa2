//! A student's progress, and what commands say, under bad conditions.

#![allow(clippy::unwrap_used)]

mod common;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{copied_checkout, copies_target, grader, root};
use predicates::prelude::*;
use predicates::str::contains;
use tempfile::TempDir;

const LAB: &str = "01-blocking-threads";
const FILE: &str = ".netlab-progress.json";

fn in_checkout(checkout: &Path, arguments: &[&str]) -> assert_cmd::Command {
    let mut command = grader();
    command.current_dir(checkout).env("CARGO_TARGET_DIR", copies_target()).args(arguments);
    command.timeout(Duration::from_secs(300));
    command
}

/// A checkout in which lab 01 is written.
fn finished_checkout() -> TempDir {
    let checkout = copied_checkout();
    let solution = root().join("solutions").join(LAB).join("src/lib.rs");
    fs::copy(solution, checkout.path().join("labs").join(LAB).join("src/lib.rs")).unwrap();
    checkout
}

#[test]
fn no_progress_is_lost_when_a_grader_is_killed() {
    let checkout = finished_checkout();
    in_checkout(checkout.path(), &["check", "1"]).assert().success();
    let done = "01   blocking-threads    100    4/4   100      120  done";
    // At different moments: during the build, the checks, and while the progress is written.
    for run in 0..50 {
        let mut check = Command::new(assert_cmd::cargo::cargo_bin!("grader"));
        check.args(["check", "1", "--only", "e"]).current_dir(checkout.path());
        check.env("CARGO_TARGET_DIR", copies_target()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut check = check.spawn().unwrap();
        let (begin, delay) = (Instant::now(), Duration::from_millis(10 * run));
        while begin.elapsed() < delay && check.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        check.kill().unwrap();
        check.wait().unwrap();
        let run = in_checkout(checkout.path(), &["list"]).assert().success();
        run.stdout(contains(done)).stderr(predicate::str::is_empty());
    }
}

#[test]
fn garbage_is_kept_and_said() {
    let checkout = copied_checkout();
    fs::write(checkout.path().join(FILE), "{\"labs\": [oops").unwrap();
    let run = in_checkout(checkout.path(), &["list"]).assert().success();
    run.stderr(contains(
        "was renamed to .netlab-progress.json.broken-1; your progress starts empty",
    ));
    let kept = checkout.path().join(format!("{FILE}.broken-1"));
    assert_eq!(fs::read_to_string(kept).unwrap(), "{\"labs\": [oops");
    in_checkout(checkout.path(), &["list"]).assert().success().stderr(predicate::str::is_empty());
}

#[test]
fn a_deleted_lab_can_be_restored() {
    let checkout = copied_checkout();
    let folder = checkout.path().join("labs").join(LAB);
    fs::remove_dir_all(&folder).unwrap();
    let run = in_checkout(checkout.path(), &["check", "1"]).assert().code(2);
    run.stderr(contains("labs/01-blocking-threads/src is missing"))
        .stderr(contains("cargo grader reset 1"));
    in_checkout(checkout.path(), &["next"]).assert().success();
    in_checkout(checkout.path(), &["reset", "1", "--yes"]).assert().success();
    assert!(folder.join("src/lib.rs").is_file());
    in_checkout(checkout.path(), &["check", "1", "--only", "empty"]).assert().code(1);
}

/// Names that are not UTF-8, links in circles, and pipes are no part of a program.
#[test]
fn odd_files_in_a_lab_are_ignored() {
    let checkout = finished_checkout();
    let sources = checkout.path().join("labs").join(LAB).join("src");
    fs::write(sources.join(OsStr::from_bytes(b"odd\xff.rs")), b"\xff").unwrap();
    fs::write(sources.join(OsStr::from_bytes(b"\xfe\xff")), b"\xff").unwrap();
    std::os::unix::fs::symlink(".", sources.join("circle")).unwrap();
    let pipe = Command::new("mkfifo").arg(sources.join("pipe.rs")).status().unwrap();
    assert!(pipe.success());
    for arguments in [&["check", "1", "--only", "empty"][..], &["next"], &["diff", "1", "--spoil"]]
    {
        in_checkout(checkout.path(), arguments).assert().success();
    }
}

/// Where cargo builds, and with what, is the user's business.
#[test]
fn cargos_environment_is_respected() {
    let checkout = finished_checkout();
    // A target directory that is a link to another disk.
    std::os::unix::fs::symlink(copies_target(), checkout.path().join("target")).unwrap();
    let mut check = in_checkout(checkout.path(), &["check", "1", "--only", "empty"]);
    check.env_remove("CARGO_TARGET_DIR").assert().success();
    // Other flags, and a compiler behind a wrapper. They need a build of their own.
    let target = tempfile::tempdir().unwrap();
    let mut check = in_checkout(checkout.path(), &["check", "1", "--only", "empty"]);
    check.env("CARGO_TARGET_DIR", target.path()).env("RUSTFLAGS", "-C debug-assertions=on");
    check.env("RUSTC_WRAPPER", "env").assert().success();
    // A wrapper that does not exist is named.
    let mut check = in_checkout(checkout.path(), &["check", "1", "--only", "empty"]);
    check.env("CARGO_TARGET_DIR", target.path()).env("RUSTC_WRAPPER", "/nowhere/wrapper");
    check.assert().code(2).stderr(contains("/nowhere/wrapper"));
}
