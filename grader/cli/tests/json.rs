//! Every JSON document conforms to `schemas/check.schema.json`.

#![allow(clippy::unwrap_used)]

mod common;

use common::{MARK, expect_nobody, grader, hostile, mark};
use serde_json::{Value, json};

/// The document that `check` prints for `lab` and the hostile program in `mode`.
fn document(lab: &str, only: &str, mode: &str) -> Value {
    let mark = mark();
    let program = format!("{} {mode}", hostile().display());
    let arguments = ["check", lab, "--json", "--only", only, "--program", &program];
    let run = grader().env(MARK, &mark).args(arguments).assert();
    expect_nobody(&mark);
    serde_json::from_slice(&run.get_output().stdout).unwrap()
}

/// Panics with all schema violations in `document`.
fn expect_valid(document: &Value) {
    let schema = include_str!("../schemas/check.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\nin {document:#}");
}

#[test]
fn a_failing_run_conforms_to_the_schema() {
    for (mode, kind) in [
        ("hangs-in-read", "proven_hang"),
        ("hangs-awake", "timeout"),
        ("exits-at-once", "server_ended"),
        ("exits-after-listening", "server_ended"),
        ("never-prints", "not_announced"),
    ] {
        let document = document("1", "echo-bytes", mode);
        expect_valid(&document);
        let checks = document["reports"][0]["checks"].as_array().unwrap();
        let failed: Vec<_> = checks.iter().filter(|check| check["verdict"] == "failed").collect();
        assert_eq!(failed.len(), 1, "{mode}: {document:#}");
        assert_eq!(failed[0]["failure"]["kind"], kind, "{mode}: {document:#}");
    }
}

#[test]
fn a_client_programs_failure_conforms_to_the_schema() {
    expect_valid(&document("3", "client-roundtrip", "exits-at-once"));
}

#[test]
fn a_passing_run_conforms_to_the_schema() {
    let document = document("1", "empty-session", "ignores-sigterm");
    expect_valid(&document);
    assert_eq!(document["reports"][0]["checks"][0]["verdict"], "passed");
}

#[test]
fn a_transcript_says_who_did_what_and_when() {
    let document = document("1", "echo-bytes", "hangs-in-read");
    let failure = &document["reports"][0]["checks"][0]["failure"];
    let transcript = failure["transcript"].as_array().unwrap();
    let times: Vec<_> = transcript.iter().map(|step| step["at_ms"].as_f64().unwrap()).collect();
    assert!(times.is_sorted(), "{failure:#}");
    let has = |actor: &str, event: &str| {
        transcript.iter().any(|step| step["actor"] == actor && step["event"] == event)
    };
    assert!(has("grader", "action"), "{failure:#}");
    assert!(has("client A", "sent"), "{failure:#}");
    // The terminal report lists the same actions.
    let actions = transcript.iter().filter(|step| step["event"] == "action");
    let actions: Vec<_> = actions.map(|step| step["text"].clone()).collect();
    assert_eq!(json!(actions), failure["text"]["steps"]);
}
