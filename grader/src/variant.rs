//! The programs that can be graded, and how they are built.
//!
//! Variants of labs are built in a workspace of the grader's own, `target/variants`, whose tree is that
//! of the checkout, so that the compiler's messages name the student's files. All manifests in it are
//! made here, without build scripts and with one set of features for all: dependencies are compiled once,
//! and a variant cannot run code while it is built. The target directory is its own, too: cargo locks
//! one for as long as it builds, and an editor builds in the other all the time
//! (rust-lang/rustlings#2071).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;

use crate::labs::Lab;
use crate::repo::Repo;
use crate::supervise::{forget_own, spawn_own};
use crate::sync;

/// A program that can be graded.
#[derive(Clone, Debug)]
pub enum Variant {
    /// What the student has written, in `labs/`.
    Starter,
    /// The reference, in `solutions/`.
    Solution,
    /// Any executable, with its arguments.
    Program(Vec<OsString>),
}

impl Variant {
    /// As reports name it.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Starter => "your code".to_owned(),
            Self::Solution => "solution".to_owned(),
            Self::Program(words) => {
                let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
                words.join(" ")
            }
        }
    }
}

/// A program ready to be started, and what is to be said about how it came to be.
#[derive(Debug)]
pub struct Built {
    pub words: Vec<OsString>,
    /// Given files that the student has changed.
    pub remarks: Vec<String>,
}

/// Why there is no program.
#[derive(Debug)]
pub enum BuildError {
    /// The compiler's errors, as cargo shows them.
    Compile(String),
    Other(anyhow::Error),
}

impl From<anyhow::Error> for BuildError {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// How a variant is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// To be graded: soon there, and with names in its panics.
    Dev,
    /// To be graded once: as `Dev`, but nothing is kept for a debugger or the next build, which takes half of the time.
    Once,
    /// To be measured.
    Release,
}

/// No lab takes minutes to build; one that does is stopped.
const BUILD_DEADLINE: Duration = Duration::from_secs(600);

/// Builds `variant` of `lab` for `profile`, as far as it needs to be.
///
/// # Errors
///
/// It does not compile, or cannot be built at all.
pub fn build(
    repo: &Repo,
    lab: &'static Lab,
    variant: &Variant,
    profile: Profile,
) -> Result<Built, BuildError> {
    let (folder, library) = match variant {
        Variant::Program(words) => {
            return Ok(Built { words: words.clone(), remarks: Vec::new() });
        }
        Variant::Starter => (repo.lab(lab), format!("lab{}", lab.digits())),
        Variant::Solution => {
            let none = || format!("lab {} has no solution here: {STUDENT_EDITION}", lab.number);
            (repo.solution(lab).with_context(none)?, format!("solution{}", lab.digits()))
        }
    };
    let workshop = Workshop::of(repo);
    let place = repo.relative(&folder).to_owned();
    copy_changed(&folder.join("src"), &workshop.folder.join(&place).join("src"))?;
    workshop.add(&place, lab, &library)?;
    workshop.prepare(repo, &[place])?;
    let executable = workshop.cargo(std::slice::from_ref(&library), profile)?.remove(&library);
    let executable = executable.context("cargo has built no executable")?;
    let remarks = match variant {
        Variant::Starter => changed_files(repo, lab)?,
        _ => Vec::new(),
    };
    Ok(Built { words: vec![executable.into()], remarks })
}

/// Said where something is asked for that only the instructors' checkout has.
pub const STUDENT_EDITION: &str = "this is the student edition";

/// A known-wrong answer: one file of the solution replaced.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// Which file, as seen from the solution's folder: `src/lib.rs`.
    pub file: PathBuf,
    pub text: String,
}

/// Builds known-wrong answers, each the solution with one file replaced. Returns their executables by
/// name.
///
/// # Errors
///
/// One of them does not compile, or replaces what is not there.
pub fn build_misconceptions(
    repo: &Repo,
    lab: &'static Lab,
    replacements: &BTreeMap<String, Replacement>,
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let workshop = Workshop::of(repo);
    let none = || format!("lab {} has no solution here: {STUDENT_EDITION}", lab.number);
    let solution = repo.solution(lab).with_context(none)?;
    let mut given = BTreeMap::new();
    for path in sync::rust_files(&solution.join("src"))? {
        let file = path.strip_prefix(&solution).context("a source outside its solution")?;
        given.insert(file.to_owned(), repo.read(&path)?);
    }
    let (mut places, mut libraries) = (Vec::new(), BTreeMap::new());
    for (name, Replacement { file, text }) in replacements {
        let library = format!("lab{}_{}", lab.digits(), name.replace('-', "_"));
        let place = Path::new("misconceptions").join(&library);
        let mut files = given.clone();
        if files.insert(file.clone(), text.clone()).is_none() {
            let file = file.display();
            return Err(anyhow!("{name}: the solution has no {file} to be replaced").into());
        }
        for (file, text) in files {
            let text = text.replace(&format!("solution{}", lab.digits()), &library);
            write_if_changed(&workshop.folder.join(&place).join(file), text.as_bytes())?;
        }
        workshop.add(&place, lab, &library)?;
        places.push(place);
        libraries.insert(name.clone(), library);
    }
    workshop.prepare(repo, &places)?;
    let names: Vec<_> = libraries.values().cloned().collect();
    let mut executables = workshop.cargo(&names, Profile::Once)?;
    let found = libraries.into_iter().map(|(name, library)| {
        let executable = executables.remove(&library);
        Ok((name, executable.context("cargo has built no executable")?))
    });
    Ok(found.collect::<Result<_>>()?)
}

/// The manifest of a variant. Packages have names of their own, since two of one name and relative path
/// in one target directory pass for one another (rust-lang/cargo#16642).
fn manifest(lab: &Lab, library: &str) -> String {
    let mut text = format!(
        "[package]\nname = \"{library}\"\nversion = \"0.0.0\"\nedition = \"2024\"\nbuild = false\n\
         autobins = false\nautoexamples = false\nautotests = false\nautobenches = false\n\n\
         [lib]\nname = \"{library}\"\npath = \"src/lib.rs\"\n\n\
         [[bin]]\nname = \"{library}\"\npath = \"src/main.rs\"\n\n[dependencies]\n"
    );
    for dependency in lab.dependencies {
        text += &format!("{dependency}.workspace = true\n");
    }
    text
}

/// The workspace that variants are built in.
struct Workshop {
    folder: PathBuf,
}

/// What the grader takes from the checkout's manifest.
#[derive(Deserialize)]
struct RootManifest {
    workspace: RootWorkspace,
}

#[derive(Deserialize)]
struct RootWorkspace {
    dependencies: BTreeMap<String, toml::Value>,
}

/// What cargo prints with `--message-format json`, a line each; of it, what is needed here.
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Built(Artifact),
    #[serde(rename = "compiler-message")]
    Said { message: Diagnostic },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Artifact {
    target: Target,
    /// Whether it was there already.
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

impl Workshop {
    fn of(repo: &Repo) -> Self {
        Self { folder: repo.target().join("variants") }
    }

    /// Writes the manifest of the member at `place`.
    fn add(&self, place: &Path, lab: &Lab, library: &str) -> Result<()> {
        let path = self.folder.join(place).join("Cargo.toml");
        write_if_changed(&path, manifest(lab, library).as_bytes())?;
        Ok(())
    }

    /// Writes the workspace's manifest and lock file, with the members at `places` among the others.
    fn prepare(&self, repo: &Repo, places: &[PathBuf]) -> Result<()> {
        let path = repo.root().join("Cargo.toml");
        let root: RootManifest =
            toml::from_str(&repo.read(&path)?).context("cannot understand Cargo.toml")?;
        let mut members = places.to_vec();
        for group in ["labs", "misconceptions", "solutions"] {
            let Ok(entries) = fs::read_dir(self.folder.join(group)) else { continue };
            for entry in entries.flatten() {
                let member = Path::new(group).join(entry.file_name());
                if self.folder.join(&member).join("Cargo.toml").is_file() {
                    members.push(member);
                }
            }
        }
        members.sort();
        members.dedup();
        let mut manifest: toml::Table = toml::toml! {
            [workspace]
            resolver = "3"
            // Dependencies do the moving of bytes; the student's code is small, and built often.
            [profile.dev]
            debug = "line-tables-only"
            [profile.dev.package."*"]
            opt-level = 1
            debug = false
            // Reads a line of flags once, and would take the longest of all to optimise.
            [profile.dev.package.clap_builder]
            opt-level = 0
        };
        if let Some(workspace) = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut) {
            workspace.insert("members".to_owned(), toml::Value::try_from(&members)?);
            let dependencies = toml::Value::try_from(&root.workspace.dependencies)?;
            workspace.insert("dependencies".to_owned(), dependencies);
        }
        let text = toml::to_string(&manifest)?;
        let changed = write_if_changed(&self.folder.join("Cargo.toml"), text.as_bytes())?;
        let lock = self.folder.join("Cargo.lock");
        // Cargo drops from the copy what variants do not use; so it is renewed with the manifest only.
        let source = repo.root().join("Cargo.lock");
        if changed || !lock.exists() || is_newer(&source, &lock) {
            fs::copy(&source, &lock).context("cannot copy Cargo.lock")?;
        }
        Ok(())
    }

    /// Builds the packages `names` and returns their executables by name.
    fn cargo(
        &self,
        names: &[String],
        profile: Profile,
    ) -> Result<BTreeMap<String, PathBuf>, BuildError> {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let format = if colour { "json-diagnostic-rendered-ansi" } else { "json" };
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(["build", "--message-format", format])
            .args(["--profile", if profile == Profile::Release { "release" } else { "dev" }])
            .args(names.iter().flat_map(|name| ["--package", name]))
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if profile == Profile::Once {
            command.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "false");
        }
        without_package(&mut command);
        // A group of its own: what cargo has started ends with it.
        command.process_group(0);
        let mut cargo = spawn_own(&mut command).context("cannot run cargo")?;
        let stdout = cargo.stdout.take();
        let stderr = cargo.stderr.take();
        let cargo = Cargo::watch(cargo);
        let said = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.map(|stderr| stderr.take(1 << 20).read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        });
        let progress = progress();
        let (mut executables, mut errors, mut crates) = (BTreeMap::new(), String::new(), 0);
        let lines = BufReader::new(stdout.context("cargo has no output")?).lines();
        for line in lines.map_while(Result::ok) {
            match serde_json::from_str::<Message>(&line) {
                Ok(Message::Built(artifact)) => {
                    if !artifact.fresh {
                        crates += 1;
                        progress.set_message(format!("{crates} crates, {}", artifact.target.name));
                        progress.tick();
                    }
                    if let Some(path) = artifact.executable {
                        executables.insert(artifact.target.name, path);
                    }
                }
                Ok(Message::Said { message }) => {
                    // The last one only counts the others.
                    let counts = message.message.starts_with("aborting due to");
                    if message.level == "error" && !counts {
                        errors += &message.rendered.unwrap_or_default();
                    }
                }
                _ => {}
            }
        }
        progress.finish_and_clear();
        let status = cargo.finish();
        let said = said.join().unwrap_or_default();
        match status {
            Some(true) => Ok(executables),
            Some(false) if !errors.is_empty() => Err(BuildError::Compile(errors)),
            None => Err(BuildError::Other(anyhow::anyhow!("the build was stopped"))),
            Some(false) => {
                Err(BuildError::Other(anyhow::anyhow!("cargo failed:\n{}", said.trim_end())))
            }
        }
    }
}

/// Shown while dependencies are compiled, which happens once; a student's crate alone is done before.
fn progress() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} building the lab: {msg} ({elapsed})")
    {
        bar.set_style(style);
    }
    bar
}

/// The cargo that runs now, for the moment when the grader is told to stop.
static CARGO: Mutex<Option<Arc<Mutex<Child>>>> = Mutex::new(None);

/// A running cargo with a deadline.
struct Cargo {
    child: Arc<Mutex<Child>>,
    done: Arc<Mutex<bool>>,
}

impl Cargo {
    fn watch(child: Child) -> Self {
        let child = Arc::new(Mutex::new(child));
        *CARGO.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&child));
        let done = Arc::new(Mutex::new(false));
        let (late, over) = (Arc::clone(&child), Arc::clone(&done));
        std::thread::spawn(move || {
            let begin = Instant::now();
            while begin.elapsed() < BUILD_DEADLINE {
                std::thread::sleep(Duration::from_secs(1));
                if *over.lock().unwrap_or_else(PoisonError::into_inner) {
                    return;
                }
            }
            kill_group(&late.lock().unwrap_or_else(PoisonError::into_inner));
        });
        Self { child, done }
    }

    /// Waits for the end; `None` if it was killed.
    fn finish(self) -> Option<bool> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let status = child.wait();
        forget_own(child.id());
        drop(child);
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = true;
        *CARGO.lock().unwrap_or_else(PoisonError::into_inner) = None;
        status.ok()?.code().map(|code| code == 0)
    }
}

/// Stops a build that is under way.
pub fn stop_build() {
    if let Some(child) = &*CARGO.lock().unwrap_or_else(PoisonError::into_inner) {
        // Not while somebody waits for it: then it has ended already.
        if let Ok(child) = child.try_lock() {
            kill_group(&child);
        }
    }
}

/// Ends cargo and the compilers that it runs.
fn kill_group(cargo: &Child) {
    if let Some(group) = Pid::from_raw(cargo.id().cast_signed()) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Given files that differ from what they were; known only where the solution is there to tell.
fn changed_files(repo: &Repo, lab: &'static Lab) -> Result<Vec<String>> {
    let Some(given) = sync::rendered(repo, lab)? else { return Ok(Vec::new()) };
    let mut remarks = Vec::new();
    for (path, text) in given {
        let name = repo.relative(&path).display();
        let is_given = path.ends_with("Cargo.toml") || path.ends_with("src/main.rs");
        if is_given && fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
            remarks.push(format!("{name} is changed: a class is graded with the given one"));
        }
    }
    Ok(remarks)
}

/// Makes `to` a copy of `from`: files whose contents are the same are not touched, since cargo takes an
/// older file for an unchanged one and a newer for a changed one.
fn copy_changed(from: &Path, to: &Path) -> Result<()> {
    /// More than any lab needs; a tree without end has links in it.
    const DEEPEST: usize = 16;
    fn copy(from: &Path, to: &Path, depth: usize) -> Result<()> {
        if depth > DEEPEST {
            bail!("{} is too deep", from.display());
        }
        fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
        let mut names = Vec::new();
        let entries =
            fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
        for entry in entries.flatten() {
            let (source, name) = (entry.path(), entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                copy(&source, &to.join(&name), depth + 1)?;
            } else if kind.is_file() {
                let bytes = fs::read(&source)
                    .with_context(|| format!("cannot read {}", source.display()))?;
                write_if_changed(&to.join(&name), &bytes)?;
            } else {
                continue; // neither links nor devices
            }
            names.push(name);
        }
        for entry in fs::read_dir(to)?.flatten() {
            if !names.contains(&entry.file_name()) {
                let path = entry.path();
                let is_folder = entry.file_type()?.is_dir();
                if is_folder { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
            }
        }
        Ok(())
    }
    copy(from, to, 0)
}

/// Whether it had to be written.
fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}

fn is_newer(one: &Path, other: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    modified(one) > modified(other)
}

/// Splits `--program`'s value into words and looks for the executable.
///
/// # Errors
///
/// With what is wrong with it.
pub fn parse_program(command: &str) -> Result<Vec<OsString>> {
    use std::os::unix::fs::PermissionsExt;
    let words =
        shlex::split(command).with_context(|| format!("a quote is not closed in: {command}"))?;
    let Some(first) = words.first() else { bail!("--program is empty") };
    let is_executable = |path: &Path| {
        fs::metadata(path)
            .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    };
    if first.contains('/') {
        let path = Path::new(first);
        if !path.exists() {
            bail!("there is no program {first}");
        }
        if !is_executable(path) {
            bail!("{first} is not executable: give its interpreter, or chmod +x");
        }
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).any(|folder| is_executable(&folder.join(first)));
        if !found {
            let advice = if Path::new(first).exists() {
                format!("; did you mean ./{first}?")
            } else {
                String::new()
            };
            bail!("there is no program {first} in PATH{advice}");
        }
    }
    Ok(words.into_iter().map(OsString::from).collect())
}

/// Keeps from `cargo`, a command, what another cargo has told this program of its own package: it must not
/// pass for the package that is built. And a crate whose build script asks for that, as ring's does, would be
/// built anew each time, with all that stand on it.
pub fn without_package(cargo: &mut Command) {
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(variable);
        }
    }
}
