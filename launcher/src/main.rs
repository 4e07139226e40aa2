//! `cargo grader` and `cargo slides` start here: the launcher builds the requested program if necessary, then runs it.
//!
//! Cargo is either always silent or never. The first build takes a minute, and a minute of silence looks like a hang;
//! afterwards cargo's output would precede every report. So the first build shows cargo's output, and later builds are
//! silent unless they fail or take long.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, SystemTime};

/// A program of this repository. The workspace in the folder of this name builds it, in the folder of this name in the
/// target directory. It therefore never waits for an editor that checks the labs. Nor does the launcher, which is built in
/// release mode.
struct Program {
    name: &'static str,
    /// The commands that need the program's default features. All others are built without them, which is quicker.
    /// Empty if the program has none.
    with_features: &'static [&'static str],
    /// The commands that only show something, whose answer should not have to wait for cargo.
    quick: &'static [&'static str],
    /// What it prints for `--help`, if that should not have to wait for the first build.
    help: Option<&'static str>,
}

const PROGRAMS: [Program; 2] = [
    Program {
        name: "grader",
        with_features: &["bench", "release", "sync", "verify", "help", "--help", "-h"],
        quick: &["explain", "hint", "list", "next"],
        help: None,
    },
    Program {
        name: "slides",
        with_features: &[],
        quick: &[],
        help: Some(include_str!("../slides-help.txt")),
    },
];

/// A build that takes longer than this is announced.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    wait_for_children();
    let mut arguments = env::args_os().skip(1).peekable();
    let name = arguments.next().unwrap_or_default();
    let Some(program) = PROGRAMS.iter().find(|program| name == program.name) else {
        eprintln!("error: which program? (cargo grader, cargo slides)");
        return ExitCode::from(2);
    };
    if let Some(help) = program.help
        && arguments.peek().is_some_and(|it| it == "--help" || it == "-h")
    {
        print!("{help}");
        return ExitCode::SUCCESS;
    }
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
    let folder = root.join(program.name);
    let (target, place) = split_at_target(&launcher);
    let target = target.join(program.name);
    // If this exists, this is not the first build.
    let built = target.join(place).join("debug").join(program.name);
    let mut options = vec!["--bin".into(), program.name.into()];
    options.extend(["--manifest-path".into(), folder.join("Cargo.toml").into_os_string()]);
    options.extend(["--target-dir".into(), target.into_os_string()]);
    // The grader survives a panic in a check, whatever the user's configuration says.
    options.extend(["--config".into(), "profile.dev.panic = \"unwind\"".into()]);
    let command = arguments.peek().cloned().unwrap_or_else(|| "help".into());
    if !program.with_features.is_empty() && !program.with_features.iter().any(|it| command == *it) {
        options.push("--no-default-features".into());
    }
    let is_quick = program.quick.iter().any(|it| command == *it);
    if !(is_quick && is_current(&built, &root, &folder)) {
        let mut build = cargo("build", &options);
        let is_first = !built.exists();
        if is_first {
            eprintln!("Building the {}; the first time, this takes a minute.", program.name);
        } else {
            build.arg("--quiet");
        }
        match run_build(build, program.name, is_first) {
            Ok(status) if status.success() => {}
            Ok(_) => return ExitCode::from(2), // cargo has printed why
            Err(error) => {
                eprintln!("error: cannot run cargo: {error}");
                return ExitCode::from(2);
            }
        }
    }
    let error = Command::new(&built).args(arguments).exec();
    eprintln!("error: cannot run {}: {error}", built.display());
    ExitCode::from(2)
}

/// Cargo's target directory, and the place in it for the profiles of one build target.
fn split_at_target(launcher: &Path) -> (&Path, &Path) {
    // Below the folder of the launcher's profile.
    let profiles = launcher.ancestors().nth(2).unwrap_or(Path::new("/"));
    // Cargo keeps what it knows about the compiler in this file.
    let is_target = |folder: &&Path| folder.join(".rustc_info.json").exists();
    let target = profiles.ancestors().find(is_target).unwrap_or(profiles);
    (target, profiles.strip_prefix(target).unwrap_or(Path::new("")))
}

/// Runs `build`, and says so if it takes long and cargo itself is silent.
fn run_build(mut build: Command, name: &str, is_first: bool) -> io::Result<ExitStatus> {
    let mut cargo = build.spawn()?;
    let (ended, waiting) = mpsc::channel::<()>();
    let text = format!("Still building the {name}; a rebuild takes about 30 s.");
    let announcement = std::thread::spawn(move || {
        if !is_first && waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{text}");
        }
    });
    let status = cargo.wait();
    drop(ended);
    let _ = announcement.join();
    status
}

/// Whether the program `built` is newer than everything that it was built from: the manifests of the workspace in
/// `folder`, and the sources, which cargo lists beside it. They must be in `root`: a copied checkout may still have a
/// program that was built from the original.
fn is_current(built: &Path, root: &Path, folder: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    let (Ok(root), Some(when)) = (root.canonicalize(), modified(built)) else { return false };
    let is_older = |path: &Path, when: SystemTime| modified(path).is_some_and(|time| time < when);
    let Ok(list) = fs::read_to_string(built.with_extension("d")) else { return false };
    let Some((_, sources)) = list.split_once(": ") else { return false };
    // A space in a path is escaped.
    let sources = sources.replace("\\ ", "\0");
    let is_current = |source: &str| {
        let source = source.replace('\0', " ");
        Path::new(&source).starts_with(&root) && is_older(Path::new(&source), when)
    };
    ["Cargo.lock", "Cargo.toml"].iter().all(|file| is_older(&folder.join(file), when))
        && sources.split_whitespace().all(is_current)
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
