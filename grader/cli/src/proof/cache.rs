//! Caches results between runs.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::Result;
use course::checkout::Checkout;
use course::labs::LabInfo;
use engine::subject::Children;
use engine::subject::build::rust_files;
use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::known::KnownProgram;
use crate::null;

/// The cached results of one lab's programs. The key covers everything that can change a result: the program, the lab's
/// checks and the code below them, the code here that judges, and the toolchain. Explanations and other labs' checks
/// are not part of it.
pub(super) struct Cache {
    folder: PathBuf,
    lab: String,
    code: u64,
    /// Whether the sources are those that this grader was built from.
    is_current: bool,
}

/// Where the result of one program is cached.
pub(super) struct CacheEntry {
    path: PathBuf,
    /// `None` if results are not cached.
    key: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct CachedResult {
    key: u64,
    finding: Finding,
}

/// The sources that can change a program's result; of `cli`, only those that run programs and record failures.
const CODE: [&str; 10] = [
    "grader/checks/src",
    "grader/cli/src/null.rs",
    "grader/cli/src/proof/finding.rs",
    "grader/cli/src/proof/golden.rs",
    "grader/cli/src/proof/mask.rs",
    "grader/cli/src/session.rs",
    "grader/course/src",
    "grader/engine/src",
    "grader/exposition/src",
    "grader/observe/src",
];

/// The files that configure the builds of the labs and of the grader.
const MANIFESTS: [&str; 4] = ["Cargo.lock", "Cargo.toml", "grader/Cargo.lock", "grader/Cargo.toml"];

/// The folder in which each lab's checks have a file or folder named after [`LabInfo::package`].
const LABS_CHECKS: &str = "grader/checks/src/labs";

impl Cache {
    /// The cache for programs of `lab`.
    ///
    /// # Errors
    ///
    /// The sources of the grader cannot be read.
    pub(super) fn open(checkout: &Checkout, children: &Children, lab: &LabInfo) -> Result<Self> {
        let built = modified(Path::new("/proc/self/exe"));
        let (mut hasher, mut is_current) = (DefaultHasher::new(), true);
        let manifests = MANIFESTS.map(|name| checkout.root().join(name));
        for path in sources(checkout, lab)?.into_iter().chain(manifests) {
            // A manifest may change without a rebuild of this grader.
            is_current &= !is_rust(&path) || modified(&path) <= built;
            checkout.relative(&path).hash(&mut hasher);
            checkout.read(&path)?.hash(&mut hasher);
        }
        tool_chain(children).hash(&mut hasher);
        Ok(Self {
            folder: checkout.target().join("variants/verify"),
            lab: lab.digits(),
            code: hasher.finish(),
            is_current,
        })
    }

    /// Whether results are cached; they are not while a source is newer than this grader.
    pub(super) fn is_current(&self) -> bool {
        self.is_current
    }

    /// The entry for `program` as currently built.
    pub(super) fn entry(&self, program: &KnownProgram) -> CacheEntry {
        let executable = program.command.first().filter(|word| *word != null::EXECUTABLE);
        let executable = executable.and_then(|word| fs::read(word).ok());
        let command = &program.command[1..];
        CacheEntry {
            path: self.folder.join(format!("{}-{}.json", self.lab, program.name)),
            key: self.is_current.then(|| fingerprint(&(executable, command, self.code))),
        }
    }
}

/// The files whose text can change the verdict on a program of `lab`.
fn sources(checkout: &Checkout, lab: &LabInfo) -> Result<Vec<PathBuf>> {
    let labs = checkout.root().join(LABS_CHECKS);
    let mut files = Vec::new();
    for place in CODE {
        let place = checkout.root().join(place);
        files.extend(if place.is_dir() { rust_files(&place)? } else { vec![place] });
    }
    let prefix = lab.package();
    // Tests change no result, and the grader is not rebuilt for them.
    files.retain(|file| file.file_name() != Some("tests.rs".as_ref()));
    files.retain(|file| match file.strip_prefix(&labs) {
        // Leave out the checks of other labs. Shared code has other names.
        Ok(inside) => {
            let name = inside.to_string_lossy();
            let is_labs = name
                .strip_prefix("lab")
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            !is_labs || name.starts_with(&prefix)
        }
        Err(_) => true,
    });
    Ok(files)
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// The compiler's own version report; empty if the compiler cannot be run.
#[allow(clippy::disallowed_methods, reason = "the compiler is no program under test")]
fn tool_chain(children: &Children) -> Vec<u8> {
    let output = children.run(Command::new("rustc").arg("-vV"), b"");
    output.map(|output| output.stdout).unwrap_or_default()
}

impl CacheEntry {
    pub(super) fn load(&self) -> Option<Finding> {
        let text = fs::read_to_string(&self.path).ok()?;
        let cached: CachedResult = serde_json::from_str(&text).ok()?;
        (Some(cached.key) == self.key).then_some(cached.finding)
    }

    /// Stores a result. If that fails, the next run computes it again.
    pub(super) fn store(&self, finding: &Finding) {
        let Some(key) = self.key else { return };
        let cached = CachedResult { key, finding: finding.clone() };
        if let (Ok(text), Some(folder)) = (serde_json::to_string(&cached), self.path.parent()) {
            let _ = fs::create_dir_all(folder);
            let _ = fs::write(&self.path, text);
        }
    }
}

/// A fingerprint of `content`. It is not a cryptographic hash.
fn fingerprint(content: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use checks::LABS;

    use super::*;

    #[test]
    fn a_result_depends_on_the_labs_own_checks_and_what_is_below_them() {
        let checkout = Checkout::find().expect("tests run in the checkout");
        let depends = |lab: &LabInfo, path: &str| {
            let sources = sources(&checkout, lab).expect("readable sources");
            sources.iter().any(|source| checkout.relative(source).starts_with(path))
        };
        for lab in LABS {
            let others = LABS.iter().filter(|other| other.number != lab.number);
            for other in others.map(|other| format!("{LABS_CHECKS}/{}", other.package())) {
                assert!(!depends(lab, &other) && !depends(lab, &format!("{other}.rs")), "{other}");
            }
            let own = format!("{LABS_CHECKS}/{}", lab.package());
            assert!(depends(lab, &own) || depends(lab, &format!("{own}.rs")), "{own}");
            for below in ["grader/checks/src/scenarios", "grader/engine/src", "grader/observe/src"]
            {
                assert!(depends(lab, below), "{below}");
            }
            assert!(!depends(lab, "grader/explanations") && !depends(lab, "grader/cli/src/report"));
        }
    }
}
