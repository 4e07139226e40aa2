//! Runs cargo, parses its output, and ends it when it takes too long or is interrupted.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;

use super::error::BuildError;
use crate::interrupt::Interrupt;
use crate::subject::children::Children;

/// No lab takes minutes to build; a build that does is stopped.
const BUILD_DEADLINE: Duration = Duration::from_secs(600);

/// How often a running build checks for an interrupt: often enough to seem immediate to a person.
const PAUSE: Duration = Duration::from_millis(50);

/// How a variant is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// For grading: builds quickly, with line tables for backtraces.
    Dev,
    /// For grading once: like `Dev`, but without data for a debugger or the next build, which halves the time. Clippy
    /// compiles it, so that one build serves both purposes.
    Once,
    /// For measuring.
    Release,
}

impl Profile {
    /// Cargo's name for it.
    fn name(self) -> &'static str {
        match self {
            Self::Dev | Self::Once => "dev",
            Self::Release => "release",
        }
    }

    /// Cargo's defaults for the settings that change how a program behaves. On the command line, they take precedence
    /// over the user's configuration and environment (`CARGO_PROFILE_DEV_PANIC`). With `panic = "abort"`, a panic would
    /// disconnect all clients instead of one.
    fn settings(self) -> [String; 4] {
        let is_checked = self != Self::Release;
        let level = if is_checked { 0 } else { 3 };
        [
            "panic = \"unwind\"".to_owned(),
            format!("opt-level = {level}"),
            format!("debug-assertions = {is_checked}"),
            format!("overflow-checks = {is_checked}"),
        ]
        .map(|setting| format!("profile.{}.{setting}", self.name()))
    }
}

/// A line that cargo prints with `--message-format json`, reduced to what is needed here.
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Built(Artifact),
    #[serde(rename = "compiler-message")]
    Said { message: Diagnostic, target: Target },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Artifact {
    target: Target,
    /// Whether it was already up to date.
    fresh: bool,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    message: String,
    level: String,
    /// As cargo would show it.
    rendered: Option<String>,
}

/// Reports the progress of a build: how many crates have been compiled so far, and the last one.
pub type Progress<'p> = &'p mut dyn FnMut(usize, &str);

/// Cargo, in one folder.
pub(super) struct Cargo<'c> {
    pub(super) folder: &'c Path,
    pub(super) children: &'c Children,
    pub(super) interrupt: &'c Interrupt,
}

impl Cargo<'_> {
    /// Builds the packages `names` and returns their executables and warnings by name.
    ///
    /// # Errors
    ///
    /// They do not compile, or the build was stopped.
    pub(super) fn build(
        &self,
        names: &[String],
        profile: Profile,
        progress: Progress<'_>,
    ) -> Result<Built, BuildError> {
        let mut command = self.command(names, profile);
        let mut cargo = self.children.spawn(&mut command).context("cannot run cargo")?;
        let stderr = cargo.stderr.take();
        let said = std::thread::spawn(move || {
            /// More than cargo prints when it fails, in bytes.
            const MAX: u64 = 1 << 20;
            let mut text = Vec::new();
            let _ = stderr.map(|stderr| stderr.take(MAX).read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        });
        let stdout = cargo.stdout.take().context("cargo has no output")?;
        let output = self.read(stdout, &mut cargo, progress);
        let status = cargo.wait();
        self.children.forget(cargo.id());
        let Output { built, errors, stopped } = output;
        let code = status.ok().and_then(|status| status.code());
        match code {
            Some(0) if !stopped => Ok(built),
            Some(_) if !stopped && !errors.is_empty() => Err(BuildError::Compile(errors)),
            Some(_) if !stopped => {
                let said = said.join().unwrap_or_default();
                Err(BuildError::Other(anyhow!("cargo failed:\n{}", said.trim_end())))
            }
            _ => Err(BuildError::Other(anyhow!("the build was stopped"))),
        }
    }

    #[allow(clippy::disallowed_methods, reason = "cargo is not a program under test")]
    fn command(&self, names: &[String], profile: Profile) -> Command {
        let settings = profile.settings();
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let format = if colour { "json-diagnostic-rendered-ansi" } else { "json" };
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(["build", "--message-format", format])
            .args(["--profile", profile.name()])
            .args(settings.iter().flat_map(|setting| ["--config", setting]))
            .args(names.iter().flat_map(|name| ["--package", name]))
            .current_dir(self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if profile == Profile::Once {
            command.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "false");
            command.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
        }
        without_package(&mut command);
        // In its own group, so that what cargo has started ends with it.
        command.process_group(0);
        command
    }

    /// Reads cargo's output, and ends cargo if it takes too long or is interrupted. Its pipes may then stay open: a process
    /// that has left cargo's group may hold them.
    fn read(&self, stdout: ChildStdout, cargo: &mut Child, progress: Progress<'_>) -> Output {
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let (begin, mut output, mut crates) = (Instant::now(), Output::default(), 0);
        loop {
            match lines.recv_timeout(PAUSE) {
                Ok(line) => match serde_json::from_str(&line) {
                    Ok(Message::Built(artifact)) => {
                        if !artifact.fresh {
                            crates += 1;
                            progress(crates, &artifact.target.name);
                        }
                        if let Some(path) = artifact.executable {
                            output.built.executables.insert(artifact.target.name, path);
                        }
                    }
                    Ok(Message::Said { message, target }) => output.add(message, target.name),
                    _ => {}
                },
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return output,
            }
            let is_late = begin.elapsed() > BUILD_DEADLINE;
            if !output.stopped && (is_late || self.interrupt.is_raised()) {
                output.stopped = true;
                kill_group(cargo);
            }
            if output.stopped && matches!(cargo.try_wait(), Ok(Some(_))) {
                return output;
            }
        }
    }
}

/// What cargo has built.
#[derive(Default)]
pub(super) struct Built {
    pub(super) executables: BTreeMap<String, PathBuf>,
    /// The compiler's warnings, as it prints them.
    pub(super) warnings: BTreeMap<String, Vec<String>>,
}

/// What cargo reported.
#[derive(Default)]
struct Output {
    built: Built,
    /// The compiler's errors.
    errors: String,
    /// Whether the grader ended cargo.
    stopped: bool,
}

impl Output {
    fn add(&mut self, message: Diagnostic, target: String) {
        let Some(rendered) = message.rendered else { return };
        // The last error and the last warning only report how many there were.
        match message.level.as_str() {
            "error" if !message.message.starts_with("aborting due to") => self.errors += &rendered,
            "warning" if !message.message.ends_with("emitted") => {
                // A library and its program may both have the same warning.
                let warnings = self.built.warnings.entry(target).or_default();
                if !warnings.contains(&rendered) {
                    warnings.push(rendered);
                }
            }
            _ => {}
        }
    }
}

/// Ends cargo and the compilers that it runs.
fn kill_group(cargo: &Child) {
    if let Some(group) = Pid::from_raw(cargo.id().cast_signed()) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Removes from the command `cargo` the variables that describe this program's own package: they must not be mistaken
/// for those of the package being built. Also, a crate whose build script depends on them, as ring's does, would be
/// rebuilt each time, with everything that depends on it.
pub fn without_package(cargo: &mut Command) {
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(variable);
        }
    }
}
