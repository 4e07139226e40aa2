//! Results that are kept between runs.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use anyhow::{Context, Result};
use course::checkout::Checkout;
use course::labs::LabInfo;
use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::known::KnownProgram;

/// What can change the results of all programs: the grader, and the versions of what they are built with.
pub(super) struct Cache {
    folder: PathBuf,
    lab: String,
    grader: u64,
    lock: u64,
}

/// Where the result of one program is kept.
pub(super) struct CacheEntry {
    path: PathBuf,
    key: u64,
}

#[derive(Serialize, Deserialize)]
struct CachedResult {
    key: u64,
    finding: Finding,
}

impl Cache {
    /// The cache for programs of `lab`.
    ///
    /// # Errors
    ///
    /// The grader or the lock file cannot be read.
    pub(super) fn open(checkout: &Checkout, lab: &LabInfo) -> Result<Self> {
        let grader = fs::read("/proc/self/exe").context("cannot read the grader")?;
        let lock =
            fs::read(checkout.root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
        Ok(Self {
            folder: checkout.target().join("variants/verify"),
            lab: lab.digits(),
            grader: fingerprint(&grader),
            lock: fingerprint(&lock),
        })
    }

    /// The entry for `program` as it is built now.
    pub(super) fn entry(&self, program: &KnownProgram) -> CacheEntry {
        let executable = program.command.first().and_then(|word| fs::read(word).ok());
        CacheEntry {
            path: self.folder.join(format!("{}-{}.json", self.lab, program.name)),
            key: fingerprint(&(executable, self.grader, self.lock)),
        }
    }
}

impl CacheEntry {
    pub(super) fn load(&self) -> Option<Finding> {
        let text = fs::read_to_string(&self.path).ok()?;
        let cached: CachedResult = serde_json::from_str(&text).ok()?;
        (cached.key == self.key).then_some(cached.finding)
    }

    /// A result that cannot be stored is found again by the next run.
    pub(super) fn store(&self, finding: &Finding) {
        let cached = CachedResult { key: self.key, finding: finding.clone() };
        if let (Ok(text), Some(folder)) = (serde_json::to_string(&cached), self.path.parent()) {
            let _ = fs::create_dir_all(folder);
            let _ = fs::write(&self.path, text);
        }
    }
}

/// Tells one content from another. It is not a cryptographic hash.
fn fingerprint(content: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}
