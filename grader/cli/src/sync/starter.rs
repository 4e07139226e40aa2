//! Generates the starter of a lab from its solution.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use course::checkout::Checkout;
use course::labs::{LABS, LabInfo};
use course::regions::Source;
use engine::subject::build::rust_files;

/// The first lines of a starter with gaps, which leave much unused. An unused constant or function still gets a
/// warning, because it says what a gap has yet to do.
const FIRST_LINES: &str = "\
#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
";

/// Every file of the starter of `lab`, by its path in the lab's folder.
///
/// # Errors
///
/// The lab has no solution, a file cannot be read, its markers are wrong, or a given file has a gap.
pub(super) fn starter(checkout: &Checkout, lab: &LabInfo) -> Result<Vec<(PathBuf, String)>> {
    let solution = checkout.require_solution(lab)?;
    let (from, to) = (lab.solution_package(), lab.package());
    let (mut files, mut gaps) = (Vec::new(), 0);
    let manifest = checkout.read(&solution.join("Cargo.toml"))?;
    files.push((PathBuf::from("Cargo.toml"), without_tests(&manifest).replace(&from, &to)));
    let mut sources = borrowed(checkout, lab)?;
    for source in rust_files(&solution.join("src"))? {
        if !sources.iter().any(|(path, _)| *path == source) {
            let text = checkout.read(&source)?;
            sources.push((source, text));
        }
    }
    for (source, text) in sources {
        let parsed = Source::parse(&text)
            .with_context(|| format!("in {}", checkout.relative(&source).display()))?;
        let starter = parsed.starter();
        gaps += starter.gaps;
        let name = source.strip_prefix(&solution).context("a source outside its solution")?;
        let is_given = lab.given.iter().any(|given| name == Path::new(given));
        ensure!(
            starter.gaps == 0 || !is_given,
            "{} is one of the lab's given files, but it has a gap",
            checkout.relative(&source).display()
        );
        files.push((name.to_owned(), starter.text.replace(&from, &to)));
    }
    for given in lab.given {
        let file = solution.join(given);
        let name = checkout.relative(&file).display();
        ensure!(file.is_file(), "{name} is one of the lab's given files, but it does not exist");
    }
    // At the crate's root, because an item that a gap leaves unused may be in another file.
    let root = Path::new("src/lib.rs");
    if let Some((_, root)) = files.iter_mut().find(|(path, _)| gaps > 0 && path == root) {
        root.insert_str(0, FIRST_LINES);
    }
    Ok(files)
}

/// The files that a lab's solution borrows from earlier labs: their paths in this solution, and their text in the
/// earlier one.
///
/// # Errors
///
/// One of these labs has no solution, or a file cannot be read.
pub(super) fn borrowed(checkout: &Checkout, lab: &LabInfo) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for &(number, file) in lab.borrows {
        let owner = LABS.iter().find(|other| other.number == number);
        let owner = owner.with_context(|| format!("lab {number} does not exist"))?;
        let text = checkout.read(&checkout.require_solution(owner)?.join(file))?;
        files.push((checkout.require_solution(lab)?.join(file), text));
    }
    Ok(files)
}

/// A manifest without the dependencies of tests: starters have no tests.
fn without_tests(manifest: &str) -> String {
    let mut out = String::new();
    let mut kept = true;
    for line in manifest.lines() {
        if line.starts_with('[') {
            kept = line.trim_end() != "[dev-dependencies]";
        }
        if kept {
            out += line;
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_tests_need_goes_wherever_it_stands() {
        let tests = "[dev-dependencies]\nproptest = \"1\"\n";
        let (begin, end) = ("[package]\nname = \"a\"\n", "[lints]\nworkspace = true\n");
        let with = format!("{begin}\n{tests}\n{end}");
        assert_eq!(without_tests(&with), format!("{begin}\n{end}"));
        assert_eq!(without_tests(&format!("{begin}\n{end}\n{tests}")), format!("{begin}\n{end}"));
        assert_eq!(without_tests(begin), begin);
    }
}
