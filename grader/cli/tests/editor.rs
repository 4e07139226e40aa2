//! What an editor and a container need to open the labs.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use common::{has, has_large, root, say_skipped};
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
    if has_large("hadolint") {
        let file = root().join(".devcontainer/Dockerfile");
        let lint = Command::new("hadolint").arg(file).output().unwrap();
        assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
    }
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

/// Every lab compiles as it is cloned, so that an editor shows no errors.
#[test]
fn every_starter_compiles_without_errors() {
    let mut check = Command::new(env!("CARGO"));
    check.args(["check", "--quiet", "--offline", "--workspace"]);
    check.current_dir(root()).stdin(Stdio::null());
    engine::subject::build::without_package(&mut check);
    let output = check.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}
