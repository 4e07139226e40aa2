//! The student edition: the labs, the grader and the slides, without solutions and without what proves the grader.
//!
//! - `contents`: which files the edition has, and what is cut from them.
//! - [`leaks`]: finds lines of answers in files, programs and pages.
//! - `archive`: the edition as a .zip or .tar.gz file.

mod archive;
mod contents;
pub mod leaks;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use course::checkout::Checkout;

pub use archive::{write_tar, write_zip};

use contents::Files;
use leaks::Secrets;

/// A file in each folder that this module writes: the list of the files there.
const LIST: &str = ".netlab-edition";

/// The files of a student edition, by their path from its root.
pub struct StudentEdition {
    files: Files,
}

/// How a folder differs from the edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    Missing(PathBuf),
    Changed(PathBuf),
    /// An earlier edition had this file.
    Obsolete(PathBuf),
}

impl StudentEdition {
    /// The edition of the course as it is in `checkout`. Builds the slides.
    ///
    /// # Errors
    ///
    /// The checkout has no solutions, a file cannot be read, the slides cannot be built, or a file contains a line of
    /// an answer.
    pub fn of(checkout: &Checkout) -> Result<Self> {
        let secrets = Secrets::of(checkout)?;
        let mut files = contents::files(checkout)?;
        let leaks: Vec<_> =
            files.iter().flat_map(|(path, bytes)| secrets.found_in(path, bytes)).collect();
        if !leaks.is_empty() {
            let mut text = String::new();
            for leak in &leaks {
                let _ = write!(text, "\n  {}: {}", leak.path.display(), leak.line);
            }
            bail!("the student edition would contain lines of answers; nothing was written:{text}");
        }
        let list: String = files.keys().map(|path| format!("{}\n", path.display())).collect();
        files.insert(PathBuf::from(LIST), list.into_bytes());
        Ok(Self { files })
    }

    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Writes the edition into `folder`, which is new, empty, or holds an earlier edition. What an earlier edition had
    /// and this one does not have is deleted; everything else there, such as `.git`, is kept.
    ///
    /// # Errors
    ///
    /// The folder holds something else, or cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let differences = self.differences(folder)?;
        for difference in &differences {
            let path = match difference {
                Difference::Missing(path) | Difference::Changed(path) => path,
                Difference::Obsolete(path) => {
                    let path = folder.join(path);
                    fs::remove_file(&path)
                        .with_context(|| format!("cannot delete {}", path.display()))?;
                    continue;
                }
            };
            // The list comes last: until then, the folder counts as an earlier edition.
            if path != Path::new(LIST) {
                self.write_file(folder, path)?;
            }
        }
        self.write_file(folder, Path::new(LIST))
    }

    fn write_file(&self, folder: &Path, path: &Path) -> Result<()> {
        let to = folder.join(path);
        let cannot = || format!("cannot write {}", to.display());
        fs::create_dir_all(to.parent().unwrap_or(folder)).with_context(cannot)?;
        course::file::replace(&to, &self.files[path]).with_context(cannot)
    }

    /// How `folder` differs from the edition. Files that no edition had do not count.
    ///
    /// # Errors
    ///
    /// The folder holds something other than an edition, or a file in it cannot be read.
    pub fn differences(&self, folder: &Path) -> Result<Vec<Difference>> {
        let is_empty = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
        let old = match fs::read_to_string(folder.join(LIST)) {
            Ok(list) => listed(&list)?,
            Err(_) if is_empty => BTreeSet::new(),
            Err(_) => bail!(
                "{} is neither empty nor an earlier student edition: nothing was written",
                folder.display()
            ),
        };
        let mut differences = Vec::new();
        for (path, bytes) in &self.files {
            match fs::read(folder.join(path)) {
                Ok(current) if current == *bytes => {}
                Ok(_) => differences.push(Difference::Changed(path.clone())),
                Err(_) => differences.push(Difference::Missing(path.clone())),
            }
        }
        let obsolete = old.into_iter().filter(|path| !self.files.contains_key(path));
        let obsolete = obsolete.filter(|path| folder.join(path).exists());
        differences.extend(obsolete.map(Difference::Obsolete));
        Ok(differences)
    }
}

/// The paths in the list of an earlier edition.
fn listed(list: &str) -> Result<BTreeSet<PathBuf>> {
    let paths: BTreeSet<_> = list.lines().map(PathBuf::from).collect();
    // An edited list must not make a later release delete something outside the edition.
    let is_inside = |path: &PathBuf| {
        path.components().all(|part| matches!(part, std::path::Component::Normal(_)))
    };
    ensure!(paths.iter().all(is_inside), "{LIST} lists a file outside the edition");
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(files: &[(&str, &str)]) -> StudentEdition {
        let all = files.iter().chain(&[(LIST, "")]);
        let list: String = files.iter().map(|(path, _)| format!("{path}\n")).collect();
        let bytes = |text: &str| text.as_bytes().to_vec();
        let mut files: Files = all.map(|(path, text)| (PathBuf::from(path), bytes(text))).collect();
        files.insert(LIST.into(), bytes(&list));
        StudentEdition { files }
    }

    #[test]
    fn a_later_edition_replaces_an_earlier_one_and_keeps_what_is_not_its_own() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        edition(&[("a/old.rs", "1"), ("b.rs", "1")]).write(folder.path()).expect("written");
        fs::create_dir(path(".git")).expect("a folder");
        fs::write(path(".git/HEAD"), "ref").expect("a file");
        let new = edition(&[("b.rs", "2"), ("c.rs", "3")]);
        let differences = new.differences(folder.path()).expect("an edition");
        let expected = [
            Difference::Changed(LIST.into()),
            Difference::Changed("b.rs".into()),
            Difference::Missing("c.rs".into()),
            Difference::Obsolete("a/old.rs".into()),
        ];
        assert_eq!(differences, expected);
        new.write(folder.path()).expect("written");
        assert_eq!(new.differences(folder.path()).expect("an edition"), []);
        assert!(!path("a/old.rs").exists() && path(".git/HEAD").exists());
    }

    #[test]
    fn a_folder_with_something_else_is_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("thesis.tex"), "years").expect("a file");
        let error = edition(&[("a.rs", "1")]).write(folder.path()).expect_err("not empty");
        assert!(error.to_string().contains("is neither empty nor"), "{error}");
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 1);
        fs::write(folder.path().join(LIST), "../outside\n").expect("a file");
        let error = edition(&[("a.rs", "1")]).write(folder.path()).expect_err("a wrong list");
        assert!(error.to_string().contains("outside the edition"), "{error}");
    }
}
