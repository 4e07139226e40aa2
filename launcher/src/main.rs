//! `cargo grader` and `cargo slides` start here: the launcher builds the requested program if necessary, then runs it.
//!
//! Cargo is either always silent or never. The first build takes a minute, and a minute of silence looks like a hang;
//! afterwards cargo's output would precede every report. So the first build shows cargo's output, and later builds are
//! silent unless they fail.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// A program of this repository.
struct Program {
    name: &'static str,
    /// Relative to the repository's root.
    manifest: &'static str,
    /// A target folder of its own, inside the launcher's, for a program in another workspace.
    target: Option<&'static str>,
    /// The commands that need the program's default features. All others are built without them, which is quicker.
    /// Empty if the program has none.
    with_features: &'static [&'static str],
}

const PROGRAMS: [Program; 2] = [
    Program {
        name: "grader",
        manifest: "Cargo.toml",
        target: None,
        with_features: &["bench", "verify", "help", "--help", "-h"],
    },
    Program {
        name: "slides",
        manifest: "slides/Cargo.toml",
        target: Some("slides"),
        with_features: &[],
    },
];

fn main() -> ExitCode {
    wait_for_children();
    let mut arguments = env::args_os().skip(1).peekable();
    let name = arguments.next().unwrap_or_default();
    let Some(program) = PROGRAMS.iter().find(|program| name == program.name) else {
        eprintln!("error: which program? (cargo grader, cargo slides)");
        return ExitCode::from(2);
    };
    let launcher = match env::current_exe() {
        Ok(launcher) => launcher,
        Err(error) => {
            eprintln!("error: cannot find the target directory: {error}");
            return ExitCode::from(2);
        }
    };
    // Cargo says where this package is now. It may have been compiled elsewhere: a checkout can be a copy of another one,
    // including its target folder.
    let Some(package) = env::var_os("CARGO_MANIFEST_DIR") else {
        eprintln!("error: run this through cargo: cargo {}", program.name);
        return ExitCode::from(2);
    };
    let root = Path::new(&package).join("..");
    // If this exists, this is not the first build.
    let mut built = launcher.with_file_name(program.name);
    let mut options =
        vec!["--package".into(), program.name.into(), "--bin".into(), program.name.into()];
    options.extend(["--manifest-path".into(), root.join(program.manifest).into_os_string()]);
    // The grader survives a panic in a check, whatever the user's configuration says.
    options.extend(["--config".into(), "profile.dev.panic = \"unwind\"".into()]);
    let command = arguments.peek().cloned().unwrap_or_else(|| "help".into());
    if !program.with_features.is_empty() && !program.with_features.iter().any(|it| command == *it) {
        options.push("--no-default-features".into());
    }
    if let (Some(folder), Some(target)) = (program.target, launcher.ancestors().nth(2)) {
        built = target.join(folder);
        options.extend(["--target-dir".into(), built.clone().into_os_string()]);
    }
    let mut build = cargo("build", &options);
    if built.exists() {
        build.arg("--quiet");
    } else {
        eprintln!("Building the {}; the first time, this takes a minute.", program.name);
    }
    match build.status() {
        Ok(status) if status.success() => {}
        Ok(_) => return ExitCode::from(2), // cargo has printed why
        Err(error) => {
            eprintln!("error: cannot run cargo: {error}");
            return ExitCode::from(2);
        }
    }
    let mut run = match program.target {
        None => Command::new(&built),
        // The program's place in its folder depends on the build target; cargo knows it.
        Some(_) => {
            let mut run = cargo("run", &options);
            run.args(["--quiet", "--"]);
            run
        }
    };
    let error = run.args(arguments).exec();
    eprintln!("error: cannot run {}: {error}", program.name);
    ExitCode::from(2)
}

/// Makes sure that this process can wait for cargo, and cargo for its compilers. Some window managers and init systems
/// start programs with SIGCHLD ignored, and then the kernel keeps no exit status (wait(2)).
#[allow(unsafe_code)]
fn wait_for_children() {
    // SAFETY: this installs no handler and replaces none.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
    }
}

/// Cargo, without the variables that describe this program's own package. A crate whose build script reads them, as
/// ring's does, would otherwise be rebuilt whenever another program builds it.
fn cargo(command: &str, options: &[OsString]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&variable);
        }
    }
    cargo.arg(command).args(options);
    cargo
}
