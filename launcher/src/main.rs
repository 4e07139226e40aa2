//! `cargo grader` starts here: builds the grader if need be, then becomes it.
//!
//! Cargo can be silent always or never. The first build of the grader takes a minute, and a minute
//! of silence looks like a hang; afterwards cargo's lines would stand above every report. So the
//! first build speaks, and the later ones are silent unless they fail.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let grader = match env::current_exe() {
        Ok(launcher) => launcher.with_file_name("grader"),
        Err(error) => {
            eprintln!("error: cannot find the target directory: {error}");
            return ExitCode::from(2);
        }
    };
    let mut build = Command::new(cargo);
    build.args(["build", "--package", "grader", "--bin", "grader"]);
    build.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")]);
    // What cargo tells this program of its own package: a crate whose build script asks for that, as
    // ring's does, would be built anew each time that another program builds.
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            build.env_remove(&variable);
        }
    }
    if grader.exists() {
        build.arg("--quiet");
    } else {
        eprintln!("Building the grader; this first time takes a minute.");
    }
    match build.status() {
        Ok(status) if status.success() => {}
        Ok(_) => return ExitCode::from(2), // cargo has said why
        Err(error) => {
            eprintln!("error: cannot run cargo: {error}");
            return ExitCode::from(2);
        }
    }
    let error = Command::new(&grader).args(env::args_os().skip(1)).exec();
    eprintln!("error: cannot run {}: {error}", grader.display());
    ExitCode::from(2)
}
