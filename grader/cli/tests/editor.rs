//! What an editor and a container need to open the labs.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::{Command, Stdio};

use common::{copied_checkout, copies_target, has, root, say_skipped};
use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

/// A file of JSON with comments, which must each have a line of their own.
fn settings(path: &str) -> Value {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().starts_with("//")).collect();
    serde_json::from_str(&lines.join("\n")).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The packages that the container file installs.
fn packages() -> Vec<String> {
    let text = fs::read_to_string(root().join(".devcontainer/Dockerfile")).unwrap();
    let install = "apt-get install -y --no-install-recommends \\\n";
    let (_, list) = text.split_once(install).expect("it installs packages without others");
    let lines = list.lines().map(|line| line.trim().trim_end_matches('\\').trim());
    lines.take_while(|line| !line.starts_with("&&")).map(str::to_owned).collect()
}

#[test]
fn the_container_file_is_sound() {
    let text = fs::read_to_string(root().join(".devcontainer/Dockerfile")).unwrap();
    let instructions: Vec<_> =
        text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase())).collect();
    let [base, run] = instructions[..] else { panic!("unknown instructions: {instructions:?}") };
    let image = base.strip_prefix("FROM ").expect("it begins with the base image");
    assert!(image.contains(':'), "{image} has no tag, so it may be any version");
    assert!(run.starts_with("RUN apt-get update"), "lists of packages grow old: {run}");
    assert!(text.contains("&& rm -rf /var/lib/apt/lists/*"), "the lists stay in the image");
    let packages = packages();
    let sorted: BTreeSet<_> = packages.iter().cloned().collect();
    assert!(packages.iter().eq(&sorted), "sorted, each once: {packages:?}");
}

#[test]
fn the_containers_packages_exist_and_contain_the_tools() {
    let packages = packages();
    // What `doctor` looks for, and what the commands of the sheets call.
    for package in ["bubblewrap", "chromium", "curl", "gcc", "netcat-openbsd", "openssl"] {
        assert!(packages.iter().any(|it| it == package), "{package} is missing");
    }
    if !has("apt-cache") {
        return;
    }
    let mut known = Command::new("apt-cache");
    let known = known.arg("show").args(&packages).output().unwrap();
    let text = String::from_utf8_lossy(&known.stdout);
    if !text.contains("Package: ") {
        say_skipped("apt has no lists of packages (apt-get update)");
        return;
    }
    for package in packages {
        assert!(text.contains(&format!("Package: {package}\n")), "Debian has no package {package}");
    }
}

#[test]
fn the_container_may_do_what_the_grader_needs() {
    let container = settings(".devcontainer/devcontainer.json");
    assert_eq!(container["build"]["dockerfile"], "Dockerfile");
    assert_eq!(container["capAdd"], serde_json::json!(["SYS_PTRACE"]));
    let limits = container["runArgs"].to_string();
    assert!(limits.contains("nofile=20000"), "{limits}");
    let target = container["containerEnv"]["CARGO_TARGET_DIR"].as_str().unwrap();
    assert!(container["mounts"][0].as_str().unwrap().contains(&format!("target={target},")));
}

#[test]
fn the_tasks_of_vs_code_run_existing_commands() {
    let tasks = settings(".vscode/tasks.json");
    for task in tasks["tasks"].as_array().unwrap() {
        let command = task["command"].as_str().unwrap();
        let name = command.strip_prefix("cargo grader ").expect("a command of the grader");
        let help = common::grader().args([name, "--help"]).assert();
        help.success();
    }
    let recommended = settings(".vscode/extensions.json")["recommendations"].to_string();
    assert!(recommended.contains("rust-lang.rust-analyzer"));
}

/// An editor's own build holds cargo's lock on a target directory for as long as it runs.
#[test]
fn the_grader_does_not_wait_for_an_editors_build() {
    let settings = settings(".vscode/settings.json");
    assert_eq!(settings["rust-analyzer.cargo.targetDir"], true);
    let others = fs::read_to_string(root().join("rust-analyzer.toml")).unwrap();
    assert!(others.contains("[cargo]") && others.contains("targetDir = true"), "{others}");
    let checkout = copied_checkout();
    // The grader's own builds do not wait even for an editor without these settings. Cargo, which starts the grader,
    // does.
    let held = copies_target().join("debug/.cargo-lock");
    fs::create_dir_all(held.parent().unwrap()).unwrap();
    let lock = File::create(&held).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut check = common::grader();
    check.current_dir(checkout.path()).env("CARGO_TARGET_DIR", copies_target());
    check.args(["check", "1", "--only", "empty"]).assert().code(1);
}

/// Every lab compiles as it is cloned, so that an editor shows no errors.
#[test]
fn every_starter_compiles_without_errors() {
    let mut check = Command::new(env!("CARGO"));
    check.args(["check", "--quiet", "--offline", "--workspace", "--exclude", "grader"]);
    check.current_dir(root()).stdin(Stdio::null());
    engine::subject::build::without_package(&mut check);
    let output = check.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}
