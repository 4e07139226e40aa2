//! Rule R13: a program that sleeps forever is detected immediately, whatever it sleeps in; a program that is merely
//! late, for whatever reason, is never mistaken for one.

#![allow(clippy::unwrap_used)]

mod common;

use common::{MARK, expect_nobody, grader, hostile, mark};

/// The JSON report of `check` on the hostile program in `mode`.
fn report(check: &str, mode: &str) -> serde_json::Value {
    let mark = mark();
    let program = format!("{} {mode}", hostile().display());
    let arguments = ["check", "1", "--json", "--only", check, "--program", &program];
    let run = grader().env(MARK, &mark).args(arguments).assert();
    expect_nobody(&mark);
    let document: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    document["reports"][0]["checks"][0].clone()
}

fn expect_proof(mode: &str, call: &str) {
    let check = report("echo-bytes", mode);
    assert_eq!(check["failure"]["kind"], "proven_hang", "{mode}: {check:#}");
    let evidence = check["failure"]["text"]["evidence"].to_string();
    assert!(evidence.contains(call), "{mode}: {evidence}");
}

#[test]
fn every_way_to_sleep_forever_is_proven() {
    for (mode, call) in [
        ("hangs-in-accept", "in accept"),
        ("hangs-in-read", "in recv on a client's socket"),
        ("hangs-in-futex", "in futex"),
        ("hangs-in-poll", "poll"),
        ("hangs-in-select", "select"),
        ("hangs-in-epoll", "in epoll_"),
        ("hangs-in-a-pipe", "in read on descriptor"),
    ] {
        expect_proof(mode, call);
    }
}

#[test]
fn a_program_that_is_only_late_is_never_taken_for_hung() {
    for mode in ["late-by-sleep", "late-by-futex", "late-by-poll", "late-by-work", "late-by-child"]
    {
        let check = report("empty-session", mode);
        assert_eq!(check["verdict"], "passed", "{mode}: {check:#}");
    }
}

#[test]
fn a_hang_that_cannot_be_proven_ends_at_the_deadline() {
    // The first is awake; one of the second's two processes may have set an alarm, which /proc does not show.
    for mode in ["hangs-awake", "hangs-in-wait"] {
        let check = report("echo-bytes", mode);
        assert_eq!(check["failure"]["kind"], "timeout", "{mode}: {check:#}");
    }
}

#[test]
fn sockets_that_a_check_leaves_behind_are_reported() {
    let check = report("reset-mid-stream", "keeps-reset-streams");
    assert_eq!(check["verdict"], "passed", "{check:#}");
    assert_eq!(check["residue"], 10);
    let check = report("reset-mid-stream", "ignores-sigterm");
    assert!(check.get("residue").is_none(), "{check:#}");
}
