//! The references get all points. cargo-mutants judges changes of them by this test: see CONTRIBUTING.

#![allow(clippy::unwrap_used)]

mod common;

use common::grader;

#[test]
fn every_solution_gets_all_points() {
    let run = grader().args(["check", "--all", "--solution"]).assert();
    run.success();
}
