//! The workspace in which variants are built, with the grader's own manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use course::checkout::Checkout;
use course::labs::LabInfo;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::Deserialize;

use super::files::{is_newer, write_if_changed};
use crate::interrupt::Interrupt;

/// Groups of packages in the workspace, one folder each.
pub(super) const MISCONCEPTIONS: &str = "misconceptions";
const GROUPS: [&str; 3] = ["labs", MISCONCEPTIONS, "solutions"];

/// The package of the misconception `name` of `lab`.
pub(super) fn misconception_library(lab: &LabInfo, name: &str) -> String {
    format!("{}_{}", lab.package(), name.replace('-', "_"))
}

/// The parts of the checkout's manifest that the grader uses.
#[derive(Deserialize)]
struct RootManifest {
    workspace: RootWorkspace,
}

#[derive(Deserialize)]
struct RootWorkspace {
    dependencies: BTreeMap<String, toml::Value>,
    #[serde(default)]
    lints: toml::Table,
}

/// The workspace in which variants are built.
pub(super) struct BuildWorkspace {
    pub(super) folder: PathBuf,
}

impl BuildWorkspace {
    pub(super) fn of(checkout: &Checkout) -> Self {
        Self { folder: checkout.target().join("variants") }
    }

    /// Locks the workspace against other graders for as long as the result lives. Waits until no other grader holds the
    /// lock.
    ///
    /// # Errors
    ///
    /// `interrupt` was raised, or the file cannot be created.
    pub(super) fn lock(&self, interrupt: &Interrupt) -> Result<File> {
        let cannot = || format!("cannot lock {}", self.folder.display());
        fs::create_dir_all(&self.folder).with_context(cannot)?;
        let lock = File::create(self.folder.join("lock")).with_context(cannot)?;
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                // Some file systems have no locks. Cargo does without them, too.
                _ => return Ok(lock),
            }
            ensure!(!interrupt.is_raised(), "the build was stopped");
            wait_for_lock();
        }
    }

    /// Where executables are kept while they run.
    pub(super) fn kept(&self) -> PathBuf {
        self.folder.join("kept")
    }

    /// Writes the manifest of the member at `place`, with the lints of the checkout if it is `linted`.
    pub(super) fn add(
        &self,
        place: &Path,
        lab: &LabInfo,
        library: &str,
        linted: bool,
    ) -> Result<()> {
        let path = self.folder.join(place).join("Cargo.toml");
        let mut text = member_manifest(lab, library);
        if linted {
            text += "\n[lints]\nworkspace = true\n";
        }
        write_if_changed(&path, text.as_bytes())?;
        Ok(())
    }

    /// Removes the misconceptions of `lab` that are no longer among `names`.
    pub(super) fn retain_misconceptions(
        &self,
        lab: &LabInfo,
        names: &BTreeSet<String>,
    ) -> Result<()> {
        let kept: Vec<_> = names.iter().map(|name| misconception_library(lab, name)).collect();
        let prefix = misconception_library(lab, "");
        let folder = self.folder.join(MISCONCEPTIONS);
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(&prefix) && !kept.contains(&name) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// Writes the workspace's manifest and lock file, with the members at `places` among the others.
    pub(super) fn prepare(&self, checkout: &Checkout, places: &[PathBuf]) -> Result<()> {
        let path = checkout.root().join("Cargo.toml");
        let root: RootManifest =
            toml::from_str(&checkout.read(&path)?).context("cannot parse Cargo.toml")?;
        let text = manifest(&self.members(places), root.workspace)?;
        let changed = write_if_changed(&self.folder.join("Cargo.toml"), text.as_bytes())?;
        let lock = self.folder.join("Cargo.lock");
        // Cargo removes from the copy what variants do not use, so it is replaced only together with the manifest.
        let source = checkout.root().join("Cargo.lock");
        if changed || !lock.exists() || is_newer(&source, &lock) {
            fs::copy(&source, &lock).context("cannot copy Cargo.lock")?;
        }
        Ok(())
    }

    /// The members at `places`, and those of earlier builds.
    fn members(&self, places: &[PathBuf]) -> Vec<PathBuf> {
        let mut members = places.to_vec();
        for group in GROUPS {
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
        members
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "flock(2) has no timeout, and an interrupt must end the wait"
)]
fn wait_for_lock() {
    std::thread::sleep(Duration::from_millis(20));
}

fn manifest(members: &[PathBuf], root: RootWorkspace) -> Result<String> {
    let mut manifest: toml::Table = toml::toml! {
        [workspace]
        resolver = "3"
        // Optimises the dependencies, which move the bytes; the student's code is small and built often.
        [profile.dev]
        debug = "line-tables-only"
        [profile.dev.package."*"]
        opt-level = 1
        debug = false
        // Parses the flags once, but would take longest to optimise.
        [profile.dev.package.clap_builder]
        opt-level = 0
        // Macros run in the compiler, but `*` would optimise them, too.
        [profile.dev.package.clap_derive]
        opt-level = 0
        [profile.dev.package.proc-macro2]
        opt-level = 0
        [profile.dev.package.syn]
        opt-level = 0
    };
    if let Some(workspace) = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut) {
        workspace.insert("members".to_owned(), toml::Value::try_from(members)?);
        workspace.insert("dependencies".to_owned(), toml::Value::try_from(root.dependencies)?);
        workspace.insert("lints".to_owned(), lints_of_answers(root.lints).into());
    }
    Ok(toml::to_string(&manifest)?)
}

/// `lints` without those that do not matter for a known-wrong answer: it leaves parts of the solution unused, and
/// unwrap is a matter of taste.
fn lints_of_answers(mut lints: toml::Table) -> toml::Table {
    let unused = toml::toml! {
        level = "allow"
        priority = -2
    };
    for (tool, lint, level) in
        [("rust", "unused", toml::Value::Table(unused)), ("clippy", "unwrap_used", "allow".into())]
    {
        let table = lints.entry(tool).or_insert_with(|| toml::Table::new().into());
        if let Some(table) = table.as_table_mut() {
            table.insert(lint.to_owned(), level);
        }
    }
    lints
}

/// The manifest of a variant. Each package has a unique name, because cargo confuses two packages with the same name
/// and relative path in one target directory (rust-lang/cargo#16642).
fn member_manifest(lab: &LabInfo, library: &str) -> String {
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
