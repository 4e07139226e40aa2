//! The solutions get all points. cargo-mutants uses this test to judge their mutants: see CONTRIBUTING.md.

use std::process::Command;

use course::labs::LabInfo;
use course::test_each_lab;

fn solution_gets_all_points(lab: &LabInfo) {
    let mut check = Command::new(env!("CARGO_BIN_EXE_launcher"));
    check.args(["grader", "check", &lab.folder(), "--solution"]);
    let output = check.output().expect("the launcher");
    let (report, errors) = (output.stdout, output.stderr);
    let text = [report, errors].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{}", text.concat());
}

test_each_lab!(solution_gets_all_points);
