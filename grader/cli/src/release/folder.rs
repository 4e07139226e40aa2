//! Brings a folder up to date. The list of an earlier edition tells its own files from those that a person changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use flate2::Crc;

use super::contents::Files;

/// The beginning of the names of files that are being written.
const TEMPORARY: &str = ".netlab-edition-";

/// The file that lists the files of an edition, each with a fingerprint of its contents.
pub(super) const LIST: &str = ".netlab-edition";

/// How a file of a folder differs from the edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Missing(PathBuf),
    /// The file is as an earlier edition had it.
    Outdated(PathBuf),
    /// A person changed the file.
    Edited(PathBuf),
    /// An earlier edition had this file.
    Obsolete(PathBuf),
}

/// The fingerprints that each file of an edition may have. While an edition is being replaced, a file has two.
type Known = BTreeMap<PathBuf, BTreeSet<String>>;

fn fingerprint(bytes: &[u8]) -> String {
    let mut crc = Crc::new();
    crc.update(bytes);
    format!("{:08x}-{}", crc.sum(), bytes.len())
}

/// The contents of [`LIST`] for these files.
pub(super) fn list(files: &Files) -> Vec<u8> {
    let known = files.iter().map(|(path, bytes)| (path.clone(), fingerprint(bytes)));
    write_known(&known.map(|(path, print)| (path, BTreeSet::from([print]))).collect())
}

fn write_known(known: &Known) -> Vec<u8> {
    let lines = known.iter().flat_map(|(path, prints)| {
        prints.iter().map(move |print| format!("{print} {}\n", path.display()))
    });
    lines.collect::<String>().into_bytes()
}

fn read_known(text: &str) -> Result<Known> {
    let mut known = Known::new();
    for line in text.lines() {
        let (print, path) = line.split_once(' ').with_context(|| format!("{LIST} is damaged"))?;
        let path = PathBuf::from(path);
        // An edited list must not make a later release touch anything outside the edition.
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        ensure!(is_inside, "{LIST} lists a file outside the edition");
        known.entry(path).or_default().insert(print.to_owned());
    }
    Ok(known)
}

/// What the list in `folder` says; nothing if the folder is new or empty, apart from `.git`.
fn known_in(folder: &Path) -> Result<Known> {
    if let Ok(text) = fs::read_to_string(folder.join(LIST)) {
        return read_known(&text);
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Known::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", folder.display()));
        }
    };
    let is_foreign = |name: &str| name != ".git" && !name.starts_with(TEMPORARY);
    if entries.flatten().any(|entry| is_foreign(&entry.file_name().to_string_lossy())) {
        bail!(
            "{} holds something other than a student edition; choose a new or empty folder",
            folder.display()
        );
    }
    Ok(Known::new())
}

/// How `folder` differs from the edition `files`. Files that no edition had do not count.
///
/// # Errors
///
/// The folder holds something other than an edition, or a file in it cannot be read.
pub fn changes(files: &Files, folder: &Path) -> Result<Vec<Change>> {
    let known = known_in(folder)?;
    let mut changes = Vec::new();
    for path in files.keys().chain(known.keys()).collect::<BTreeSet<_>>() {
        if path == Path::new(LIST) {
            continue;
        }
        let place = place(folder, path)?;
        if place.is_symlink() || place.is_dir() {
            changes.push(Change::Edited(path.clone()));
            continue;
        }
        let is_missing = |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory);
        let current = match fs::read(&place) {
            Ok(current) => Some(current),
            Err(error) if is_missing(error.kind()) => None,
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", place.display()));
            }
        };
        let wanted = files.get(path);
        let is_own = |bytes: &[u8]| {
            known.get(path).is_some_and(|prints| prints.contains(&fingerprint(bytes)))
        };
        changes.push(match (current, wanted) {
            (None, None) => continue,
            (None, Some(_)) => Change::Missing(path.clone()),
            (Some(current), Some(wanted)) if current == *wanted => continue,
            (Some(current), _) if !is_own(&current) => Change::Edited(path.clone()),
            (Some(_), Some(_)) => Change::Outdated(path.clone()),
            (Some(_), None) => Change::Obsolete(path.clone()),
        });
    }
    Ok(changes)
}

/// Where the file `path` of the edition is in `folder`.
///
/// # Errors
///
/// A folder on the way there is a symbolic link, which may lead anywhere.
fn place(folder: &Path, path: &Path) -> Result<PathBuf> {
    let mut place = folder.to_owned();
    for part in path.parent().into_iter().flat_map(Path::components) {
        place.push(part);
        ensure!(!place.is_symlink(), "{} is a symbolic link; remove it", place.display());
    }
    Ok(folder.join(path))
}

/// Makes `folder` the edition `files`. Deletes what only an earlier edition had, and keeps everything that no edition
/// had, such as `.git`. If it is interrupted, the same call completes it.
///
/// # Errors
///
/// A person changed a file of the edition, the folder holds something other than an edition, or it cannot be written.
pub fn update(files: &Files, folder: &Path) -> Result<()> {
    let changes = changes(files, folder)?;
    let edited = changes.iter().filter_map(|change| match change {
        Change::Edited(path) => Some(format!("\n  {}", path.display())),
        _ => None,
    });
    let edited: String = edited.collect();
    ensure!(
        edited.is_empty(),
        "these files in {} were edited; move them elsewhere first (nothing was written):{edited}",
        folder.display()
    );
    // Until the end, each file may be as it was or as it will be.
    let mut known = known_in(folder)?;
    for (path, bytes) in files {
        known.entry(path.clone()).or_default().insert(fingerprint(bytes));
    }
    write(folder, Path::new(LIST), &write_known(&known))?;
    remove_temporary_files(folder, &known);
    for path in known.keys().filter(|path| !files.contains_key(*path)) {
        delete(folder, path)?;
    }
    for change in &changes {
        if let Change::Missing(path) | Change::Outdated(path) = change {
            write(folder, path, &files[path])?;
        }
    }
    write(folder, Path::new(LIST), &files[Path::new(LIST)])
}

fn write(folder: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    let to = place(folder, path)?;
    let replace = || -> std::io::Result<()> {
        let parent = to.parent().unwrap_or(folder);
        fs::create_dir_all(parent)?;
        // Under a new name: the fixed one of `course::file::replace` may be that of a person's file or link.
        let mut file = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .permissions(fs::Permissions::from_mode(0o644))
            .tempfile_in(parent)?;
        file.write_all(bytes)?;
        file.persist(&to)?;
        Ok(())
    };
    replace().with_context(|| format!("cannot write {}", to.display()))
}

/// Removes what an interrupted update has left.
fn remove_temporary_files(folder: &Path, known: &Known) {
    let parents: BTreeSet<_> = known.keys().filter_map(|path| path.parent()).collect();
    for parent in parents {
        let entries = fs::read_dir(folder.join(parent)).into_iter().flatten().flatten();
        for entry in entries.filter(|it| it.file_name().to_string_lossy().starts_with(TEMPORARY)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Deletes a file, and the folders that it leaves empty: cargo takes every folder in `labs/` for a lab.
fn delete(folder: &Path, path: &Path) -> Result<()> {
    let file = place(folder, path)?;
    match fs::remove_file(&file) {
        Ok(()) => {}
        // An interrupted update may have deleted it.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error).with_context(|| format!("cannot delete {}", file.display()));
        }
    }
    for parent in path.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()) {
        if fs::remove_dir(folder.join(parent)).is_err() {
            break; // it is not empty
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(files: &[(&str, &str)]) -> Files {
        let file = |(path, text): &(&str, &str)| (PathBuf::from(path), text.as_bytes().to_vec());
        let mut files: Files = files.iter().map(file).collect();
        files.insert(LIST.into(), list(&files));
        files
    }

    fn write_text(folder: &Path, path: &str, text: &str) {
        write(folder, Path::new(path), text.as_bytes()).expect("written");
    }

    #[test]
    fn a_later_edition_replaces_an_earlier_one_and_keeps_what_is_not_its_own() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path();
        // As after `git init`.
        write_text(folder, ".git/HEAD", "ref");
        update(&edition(&[("a/old.rs", "1"), ("b.rs", "1")]), folder).expect("written");
        write_text(folder, "notes.txt", "mine");
        let new = edition(&[("b.rs", "2"), ("c.rs", "3")]);
        let expected = [
            Change::Obsolete("a/old.rs".into()),
            Change::Outdated("b.rs".into()),
            Change::Missing("c.rs".into()),
        ];
        assert_eq!(changes(&new, folder).expect("an edition"), expected);
        update(&new, folder).expect("written");
        assert_eq!(changes(&new, folder).expect("an edition"), []);
        assert!(!folder.join("a").exists());
        assert!(folder.join(".git/HEAD").exists() && folder.join("notes.txt").exists());
    }

    #[test]
    fn an_interrupted_update_is_completed_by_the_next() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path();
        let (old, new) = (
            edition(&[("a/old.rs", "1"), ("b.rs", "1"), ("c.rs", "1")]),
            edition(&[("b.rs", "2"), ("c.rs", "2"), ("d.rs", "2")]),
        );
        // The first one was ended while it wrote its list.
        write_text(folder, &format!("{TEMPORARY}x"), "half");
        update(&old, folder).expect("written");
        // The second, when it had deleted one file and written another.
        let lists = [&old, &new].map(|files| files[Path::new(LIST)].clone());
        write(folder, Path::new(LIST), &lists.concat()).expect("written");
        fs::remove_file(folder.join("a/old.rs")).expect("the file");
        write_text(folder, "b.rs", "2");
        write_text(folder, &format!("a/{TEMPORARY}y"), "half");
        update(&new, folder).expect("written");
        assert_eq!(changes(&new, folder).expect("an edition"), []);
        assert!(!folder.join("a").exists());
        let names = fs::read_dir(folder).expect("the folder").flatten();
        let mut names: Vec<_> =
            names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        assert_eq!(names, [LIST, "b.rs", "c.rs", "d.rs"]);
    }

    #[test]
    fn an_edited_file_is_neither_replaced_nor_deleted() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path();
        update(&edition(&[("a.rs", "1"), ("b.rs", "1")]), folder).expect("written");
        write_text(folder, "a.rs", "mine");
        write_text(folder, "b.rs", "mine, too");
        let error = update(&edition(&[("a.rs", "2"), ("c.rs", "2")]), folder).expect_err("edited");
        let error = error.to_string();
        assert!(error.contains("\n  a.rs") && error.contains("\n  b.rs"), "{error}");
        assert!(!folder.join("c.rs").exists());
    }

    #[test]
    fn a_folder_with_something_else_is_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path();
        write_text(folder, "thesis.tex", "years");
        let error = update(&edition(&[("a.rs", "1")]), folder).expect_err("not empty");
        assert!(error.to_string().contains("choose a new or empty folder"), "{error}");
        write_text(folder, LIST, "00000000-1 ../outside\n");
        let error = update(&edition(&[("a.rs", "1")]), folder).expect_err("a wrong list");
        assert!(error.to_string().contains("outside the edition"), "{error}");
        let other = tempfile::tempdir().expect("a temporary folder");
        fs::remove_file(folder.join(LIST)).expect("the list");
        fs::remove_file(folder.join("thesis.tex")).expect("the thesis");
        update(&edition(&[("c.rs", "1")]), folder).expect("written");
        std::os::unix::fs::symlink(other.path().join("none"), folder.join("d.rs")).expect("a link");
        let error = update(&edition(&[("c.rs", "1"), ("d.rs", "1")]), folder).expect_err("a link");
        assert!(error.to_string().contains("were edited"), "{error}");
        std::os::unix::fs::symlink(other.path(), folder.join("a")).expect("a link");
        let error = update(&edition(&[("a/b.rs", "1")]), folder).expect_err("a link");
        assert!(error.to_string().contains("is a symbolic link"), "{error}");
    }
}
