//! A student's path through a fresh checkout. It is a single test because its steps share a build folder.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use assert_cmd::Command;
use common::{copied_checkout, copies_target, grader, root};
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn a_student_meets_errors_failures_and_success() {
    let checkout = copied_checkout();
    let (folder, target) = (checkout.path(), copies_target());
    let grader = |arguments: &[&str]| -> Command {
        let mut grader = grader();
        grader.current_dir(folder).env("CARGO_TARGET_DIR", &target).args(arguments);
        grader.timeout(std::time::Duration::from_secs(300));
        grader
    };
    let lab = folder.join("labs/01-blocking-threads/src");

    // The unchanged starter, from a subfolder: the report names the first gap and the next step.
    let mut first = grader(&["check"]);
    let run = first.current_dir(&lab).assert().code(1);
    run.stdout(contains("✗ empty-session"))
        .stdout(contains("Not written yet"))
        .stdout(contains("todo!(\"task 1: accept a client"))
        .stdout(contains("cargo grader check 1 --only 01/empty-session --seed "))
        .stdout(contains("Score 0 of 100"))
        .stderr(predicate::str::is_empty());
    grader(&["list"]).assert().success().stdout(contains("01   blocking-threads      0    0/4"));
    // The task that it names, its hints, and what it is about.
    let run = grader(&["next"]).assert().success();
    run.stdout(contains("Lab 01, task 1 of 4 (core): echo one client to the end"))
        .stdout(contains("  labs/01-blocking-threads/src/lib.rs:52\n    task 1: accept a client"))
        .stdout(contains("  ✗ empty-session"))
        .stdout(contains("Then: cargo grader check 1 --task 1"));
    let run = grader(&["hint"]).assert().success();
    run.stdout(contains("01/empty-session\n"))
        .stdout(contains("Hint 1 of 2"))
        .stdout(contains("Hint 2").not())
        .stdout(contains("1 hint left: cargo grader hint 01/empty-session"));
    grader(&["hint", "empty-session"]).assert().success().stdout(contains("Hint 2 of 2"));
    let run = grader(&["explain", "1/half-close"]).assert().success();
    run.stdout(contains("Why it matters"))
        .stdout(contains("Start your server in one terminal:\n    cargo run -p lab01\n"))
        .stdout(contains("- when the client has closed its side, the connection is over"))
        .stdout(contains("cargo slides 01#half-close"));

    // With a compile error, the output is only what cargo would show.
    let starter = fs::read_to_string(lab.join("lib.rs")).unwrap();
    let broken = starter.replacen("todo!(", "let count: u32 = \"many\"; todo!(", 1);
    fs::write(lab.join("lib.rs"), broken).unwrap();
    let run = grader(&["check", "1"]).assert().code(1);
    run.stdout(predicate::str::is_empty())
        .stderr(contains("error[E0308]: mismatched types"))
        .stderr(contains("--> labs/01-blocking-threads/src/lib.rs:"))
        .stderr(contains("Compiling").not())
        .stderr(contains("could not compile").not());

    // The error does not affect the solution.
    grader(&["check", "1", "--solution", "--only", "empty"]).assert().success();

    // The solution can be seen only on request, until the lab is done.
    let run = grader(&["diff", "1"]).assert().code(2);
    run.stderr(contains("your score in lab 01 is 0")).stderr(contains("--spoil"));
    let run = grader(&["diff", "1", "--spoil"]).assert().success();
    run.stdout(contains("+++ solutions/01-blocking-threads/src/lib.rs"));

    // Completed in a separate module, the lab passes twice, and the score is saved.
    let solution = fs::read_to_string(root().join("solutions/01-blocking-threads/src/lib.rs"));
    fs::write(lab.join("answer.rs"), solution.unwrap()).unwrap();
    fs::write(lab.join("lib.rs"), "mod answer;\npub use answer::*;\n").unwrap();
    for _ in 0..2 {
        let run = grader(&["check", "1"]).assert().success();
        run.stdout(contains("Score 100 of 100"))
            .stdout(contains("Lab 01 is done. Next, lab 02: cargo grader next 2"));
    }
    let run = grader(&["diff", "1"]).assert().success();
    run.stdout(contains("--- labs/01-blocking-threads/src/answer.rs"));
    // The default is the first lab that is not finished.
    let run = grader(&["check"]).assert().code(1);
    run.stdout(contains("Lab 02")).stdout(contains("Score 0 of 100"));
    let run = grader(&["list"]).assert().success();
    run.stdout(contains("01   blocking-threads    100    4/4   100      120  done"));

    // A changed given file is reported.
    let main = fs::read_to_string(lab.join("main.rs")).unwrap();
    fs::write(lab.join("main.rs"), format!("{main}// mine\n")).unwrap();
    let run = grader(&["check", "1", "--only", "empty"]).assert().success();
    run.stdout(contains("note: labs/01-blocking-threads/src/main.rs was changed"));

    // A reset keeps what was written.
    let answer = fs::read_to_string(lab.join("lib.rs")).unwrap();
    let refused = grader(&["reset", "1"]).assert().code(2);
    refused.stderr(contains("needs --yes; nothing was changed"));
    let run = grader(&["reset", "1", "--yes"]).assert().success();
    run.stdout(contains(
        "src/lib.rs will be kept as labs/01-blocking-threads/src/lib.rs.before-reset-1",
    ))
    .stdout(contains("src/answer.rs will be kept as"))
    .stdout(contains("src/main.rs will be kept as"));
    assert_eq!(fs::read_to_string(lab.join("lib.rs")).unwrap(), starter);
    assert_eq!(fs::read_to_string(lab.join("lib.rs.before-reset-1")).unwrap(), answer);
    let run = grader(&["list"]).assert().success();
    run.stdout(contains("01   blocking-threads      -    0/4   100      120  task 1"));
    let run = grader(&["reset", "1", "--yes"]).assert().success();
    run.stdout(contains("already matches the starter"));

    // The maintainer's command finds every difference, in starters, sheets and lists.
    fs::write(lab.join("main.rs"), main + "// mine\n").unwrap();
    fs::write(lab.join("answer.rs"), answer).unwrap();
    let replace = |path: &str, from: &str, to: &str| {
        let text = fs::read_to_string(folder.join(path)).unwrap();
        assert!(text.contains(from), "{path} does not contain {from}");
        fs::write(folder.join(path), text.replacen(from, to, 1)).unwrap();
    };
    replace("labs/01-blocking-threads/README.md", "**Time** 1", "**Time** 9");
    replace("README.md", "| blocking threads |", "| threads |");
    replace("slides/decks/SUMMARY.md", "[01 Blocking threads]", "[01 Threads]");
    replace(".cargo/mutants.toml", "02-selectors/src/sys.rs", "02-selectors/src/system.rs");
    let run = grader(&["sync", "--check"]).assert().code(1);
    run.stdout(contains("differs: labs/01-blocking-threads/src/main.rs"))
        .stdout(contains("differs: labs/01-blocking-threads/src/answer.rs"))
        .stdout(contains("differs: labs/01-blocking-threads/README.md:6"))
        .stdout(contains("differs: README.md:"))
        .stdout(contains("differs: slides/decks/SUMMARY.md:"))
        .stdout(contains("differs: .cargo/mutants.toml:"))
        .stderr(contains("then run: cargo grader sync"));
    grader(&["sync"]).assert().success();
    grader(&["sync", "--check"]).assert().success();
    assert_eq!(fs::read_to_string(lab.join("lib.rs")).unwrap(), starter);
}

#[test]
fn outside_a_checkout_it_says_so() {
    let elsewhere = tempfile::tempdir().unwrap();
    let run = grader().current_dir(elsewhere.path()).args(["check", "1"]).assert().code(2);
    run.stderr(contains("is not in a checkout of the labs"));
}
