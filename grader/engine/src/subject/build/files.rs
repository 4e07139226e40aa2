//! Copies sources in such a way that cargo sees only real changes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// All Rust sources below `folder`, sorted.
///
/// # Errors
///
/// It cannot be read.
pub fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        // Links are not followed: they may form a loop.
        if entry.file_type()?.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.is_file() {
            // Reading a pipe would wait for its writer.
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Makes `to` a copy of `from`. Files with the same contents are not touched, because cargo judges by modification time.
pub(super) fn copy_changed(from: &Path, to: &Path) -> Result<()> {
    /// More than any lab needs; only links can make a tree endless.
    const MAX_DEPTH: usize = 16;
    fn copy(from: &Path, to: &Path, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            bail!("{} is nested too deeply", from.display());
        }
        fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
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

/// Writes `bytes` if the file differs. Returns whether it did.
pub(super) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}

pub(super) fn is_newer(one: &Path, other: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    modified(one) > modified(other)
}
