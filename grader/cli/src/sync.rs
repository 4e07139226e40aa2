//! Starters are written from solutions, so that the two cannot drift apart.
//!
//! In a solution, `// BEGIN SOLUTION: text` to `// END SOLUTION` is the body of a function and becomes
//! `todo!("text")`; `// BEGIN HIDDEN` to `// END HIDDEN` is left out; lines with `// ANCHOR` are for the
//! slides and are dropped. What a lab borrows from an earlier one is copied, also into its solution. The lab
//! sheet's rubric is written from the grader's list of checks.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use checks::LABS;
use course::checkout::Checkout;
use course::labs::{LABS as COURSE, LabInfo};
use course::regions::Source;
use engine::lab::Lab;
use engine::subject::build::rust_files;

/// At the top of a starter with gaps, which leave much unused.
const FIRST_LINE: &str = "\
#![allow(unused, unreachable_code)] // delete these lines when you are done
#![allow(clippy::needless_pass_by_value)]
";

/// Where the rubric stands in a lab sheet.
const RUBRIC_BEGIN: &str = "<!-- rubric: written by `cargo grader sync` -->\n";
const RUBRIC_END: &str = "<!-- end of rubric -->";

/// Every file that `sync` writes for `lab` with its text.
///
/// # Errors
///
/// There is no solution, a file cannot be read, or its markers are wrong.
fn rendered(checkout: &Checkout, lab: &LabInfo) -> Result<Vec<(PathBuf, String)>> {
    let solution = checkout.require_solution(lab)?;
    let (from, to) = (format!("solution{}", lab.digits()), format!("lab{}", lab.digits()));
    let folder = checkout.lab(lab);
    let (mut files, mut gaps) = (Vec::new(), 0);
    let manifest = checkout.read(&solution.join("Cargo.toml"))?;
    files.push((folder.join("Cargo.toml"), without_tests(&manifest).replace(&from, &to)));
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
        files.push((folder.join(name), starter.text.replace(&from, &to)));
    }
    // For all files of the crate: what a gap leaves unused may be given in another one.
    let root = folder.join("src/lib.rs");
    if let Some((_, root)) = files.iter_mut().find(|(path, _)| gaps > 0 && *path == root) {
        root.insert_str(0, FIRST_LINE);
    }
    Ok(files)
}

/// A manifest without what only tests need: starters have none.
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

/// The files that a lab's solution borrows from earlier labs: their paths in this solution, and their text there.
fn borrowed(checkout: &Checkout, lab: &LabInfo) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for &(number, file) in lab.borrows {
        let owner = COURSE.iter().find(|other| other.number == number);
        let owner = owner.with_context(|| format!("there is no lab {number}"))?;
        let text = checkout.read(&checkout.require_solution(owner)?.join(file))?;
        files.push((checkout.require_solution(lab)?.join(file), text));
    }
    Ok(files)
}

/// Writes all starters and rubrics, or none if `check`. Returns the paths that differ, relative to the root.
///
/// # Errors
///
/// Something cannot be read or written, or there are no solutions here.
pub fn sync(checkout: &Checkout, check: bool) -> Result<Vec<PathBuf>> {
    let mut differing = Vec::new();
    for lab in LABS {
        let mut files = rendered(checkout, lab)?;
        let sheet = checkout.lab(lab).join("README.md");
        let text = checkout.read(&sheet)?;
        files.push((sheet, with_rubric(&text, lab)?));
        files.extend(borrowed(checkout, lab)?);
        let kept: Vec<_> = files.iter().map(|(path, _)| path.clone()).collect();
        for (path, text) in files {
            if std::fs::read_to_string(&path).ok().as_deref() == Some(text.as_str()) {
                continue;
            }
            if !check {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                std::fs::write(&path, text)
                    .with_context(|| format!("cannot write {}", path.display()))?;
            }
            differing.push(checkout.relative(&path).to_owned());
        }
        // A file that the solution no longer has would still be compiled into the starter.
        for path in rust_files(&checkout.lab(lab).join("src"))? {
            if !kept.contains(&path) {
                if !check {
                    std::fs::remove_file(&path)?;
                }
                differing.push(checkout.relative(&path).to_owned());
            }
        }
    }
    Ok(differing)
}

/// Remarks on given files of the starter that were changed. They are known only where the solution is present.
///
/// # Errors
///
/// The solution cannot be read.
pub fn changed_files(checkout: &Checkout, lab: &LabInfo) -> Result<Vec<String>> {
    if checkout.solution(lab).is_none() {
        return Ok(Vec::new());
    }
    let mut remarks = Vec::new();
    for (path, text) in rendered(checkout, lab)? {
        let name = checkout.relative(&path).display();
        let is_given = path.ends_with("Cargo.toml") || path.ends_with("src/main.rs");
        if is_given && std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
            remarks.push(format!("{name} is changed: a class is graded with the given one"));
        }
    }
    Ok(remarks)
}

/// A lab sheet with the rubric that the grader's checks give.
fn with_rubric(sheet: &str, lab: &Lab) -> Result<String> {
    let begin = sheet.find(RUBRIC_BEGIN).map(|begin| begin + RUBRIC_BEGIN.len());
    let end = sheet.find(RUBRIC_END);
    let (Some(begin), Some(end)) = (begin, end) else {
        bail!("the sheet of lab {} has no place for the rubric: {RUBRIC_BEGIN}", lab.number);
    };
    let mut rubric = String::from(
        "\n| check | task | category | points | what it asks for |\n|---|---|---|---|---|\n",
    );
    for check in lab.checks {
        rubric += &format!(
            "| `{}` | {} | {} | {} | {} |\n",
            check.name(),
            check.task,
            check.category.name(),
            check.points,
            check.rule
        );
    }
    rubric.push('\n');
    Ok(format!("{}{rubric}{}", &sheet[..begin], &sheet[end..]))
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
