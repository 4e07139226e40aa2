//! Keeps executables for the duration of one run. Cargo replaces an executable when it builds it again: for another grader,
//! after an edit, or for another checkout. The checks of this run use what was built for them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

/// The built executables, in folders that are removed when this is dropped.
#[derive(Debug, Default)]
pub struct KeptPrograms(Mutex<Vec<KeptFolder>>);

/// A folder with executables. Its owner holds a lock on it (flock(2)), which the kernel releases however the owner ends.
#[derive(Debug)]
struct KeptFolder {
    _folder: TempDir,
    _lock: File,
}

impl KeptPrograms {
    /// Copies `executable` to a new folder in `place`, under its own name. A link is not enough: some linkers write into
    /// an existing file. The caller holds the lock of the workspace.
    pub(super) fn copy(&self, place: &Path, executable: &Path) -> Result<PathBuf> {
        let mut kept = self.add(place, &[executable], |from, to| fs::copy(from, to).map(drop))?;
        kept.pop().context("nothing was kept")
    }

    /// Does the same for many executables, with links.
    pub(super) fn link(&self, place: &Path, executables: &[&Path]) -> Result<Vec<PathBuf>> {
        // Some file systems have no links.
        let link = |from: &Path, to: &Path| {
            fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
        };
        self.add(place, executables, link)
    }

    fn add(
        &self,
        place: &Path,
        executables: &[&Path],
        keep: impl Fn(&Path, &Path) -> std::io::Result<()>,
    ) -> Result<Vec<PathBuf>> {
        let cannot = || format!("cannot keep what was built in {}", place.display());
        fs::create_dir_all(place).with_context(cannot)?;
        remove_leftovers(place);
        let folder = tempfile::Builder::new().prefix("run-").tempdir_in(place);
        let folder = folder.with_context(cannot)?;
        let lock = File::open(&folder).with_context(cannot)?;
        // If a file system has no locks, leftovers stay.
        let _ = flock(&lock, FlockOperation::NonBlockingLockExclusive);
        let mut kept = Vec::new();
        for executable in executables {
            let name = executable.file_name().context("an executable without a name")?;
            let path = folder.path().join(name);
            keep(executable, &path).with_context(cannot)?;
            kept.push(path);
        }
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        folders.push(KeptFolder { _folder: folder, _lock: lock });
        Ok(kept)
    }
}

/// Removes the folders in `place` whose owner was killed.
fn remove_leftovers(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let Ok(folder) = File::open(entry.path()) else { continue };
        if flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_not_replaced_and_is_removed_by_its_owner() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (place, executable) = (folder.path().join("kept"), folder.path().join("lab"));
        fs::write(&executable, "old")?;
        let (first, second) = (KeptPrograms::default(), KeptPrograms::default());
        let copied = first.copy(&place, &executable)?;
        let linked = first.link(&place, &[&executable])?;
        assert_eq!(copied.file_name(), executable.file_name());
        fs::remove_file(&executable)?;
        fs::write(&executable, "new")?;
        // Another run does not remove anything of a run in progress.
        let other = second.copy(&place, &executable)?;
        assert_eq!(fs::read_to_string(&copied)?, "old");
        assert_eq!(fs::read_to_string(&linked[0])?, "old");
        assert_eq!(fs::read_to_string(&other)?, "new");
        drop(first);
        assert!(!copied.exists() && !linked[0].exists() && other.exists());
        Ok(())
    }

    #[test]
    fn what_a_killed_run_left_is_removed_by_the_next() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (place, executable) = (folder.path().join("kept"), folder.path().join("lab"));
        fs::write(&executable, "")?;
        let leftover = place.join("run-killed");
        fs::create_dir_all(&leftover)?;
        fs::copy(&executable, leftover.join("lab"))?;
        KeptPrograms::default().copy(&place, &executable)?;
        assert!(!leftover.exists());
        Ok(())
    }
}
