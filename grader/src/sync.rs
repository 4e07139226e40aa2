//! Starters are written from solutions, so that the two cannot drift apart.
//!
//! In a solution, `// BEGIN SOLUTION: text` to `// END SOLUTION` is the body of a function and becomes
//! `todo!("text")`; `// BEGIN HIDDEN` to `// END HIDDEN` is left out; lines with `// ANCHOR` are for the
//! slides and are dropped. What a lab borrows of an earlier one is copied, into its solution, too. The lab
//! sheet's rubric is written from the grader's list of checks.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::labs::{LABS, Lab};
use crate::repo::Repo;
use crate::variant::STUDENT_EDITION;

/// At the top of a starter with gaps, which leave much unused.
const FIRST_LINE: &str = "\
#![allow(unused, unreachable_code)] // delete these lines when you are done
#![allow(clippy::needless_pass_by_value)]
";

/// Where the rubric stands in a lab sheet.
const RUBRIC_BEGIN: &str = "<!-- rubric: written by `cargo grader sync` -->\n";
const RUBRIC_END: &str = "<!-- end of rubric -->";

/// Every file that `sync` writes for `lab` with its text; `None` where there is no solution.
///
/// # Errors
///
/// A file cannot be read, or its markers are wrong.
pub fn rendered(repo: &Repo, lab: &Lab) -> Result<Option<Vec<(PathBuf, String)>>> {
    let Some(solution) = repo.solution(lab) else { return Ok(None) };
    let (from, to) = (format!("solution{}", lab.digits()), format!("lab{}", lab.digits()));
    let folder = repo.lab(lab);
    let (mut files, mut gaps) = (Vec::new(), 0);
    let manifest = repo.read(&solution.join("Cargo.toml"))?;
    files.push((folder.join("Cargo.toml"), without_tests(&manifest).replace(&from, &to)));
    let mut sources = borrowed(repo, lab)?;
    for source in rust_files(&solution.join("src"))? {
        if !sources.iter().any(|(path, _)| *path == source) {
            let text = repo.read(&source)?;
            sources.push((source, text));
        }
    }
    for (source, text) in sources {
        let (starter, more) =
            starter(&text).with_context(|| format!("in {}", repo.relative(&source).display()))?;
        gaps += more;
        let name = source.strip_prefix(&solution).context("a source outside its solution")?;
        files.push((folder.join(name), starter.replace(&from, &to)));
    }
    // For all files of the crate: what a gap leaves unused may be given in another one.
    let root = folder.join("src/lib.rs");
    if let Some((_, root)) = files.iter_mut().find(|(path, _)| gaps > 0 && *path == root) {
        root.insert_str(0, FIRST_LINE);
    }
    Ok(Some(files))
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

/// The files of a lab's solution that an earlier lab has: where they belong, and what is in them there.
fn borrowed(repo: &Repo, lab: &Lab) -> Result<Vec<(PathBuf, String)>> {
    let solution = |lab| repo.solution(lab).context("a lab has no solution here");
    let mut files = Vec::new();
    for &(number, file) in lab.borrows {
        let owner = LABS.iter().find(|other| other.number == number);
        let owner = owner.with_context(|| format!("there is no lab {number}"))?;
        let text = repo.read(&solution(owner)?.join(file))?;
        files.push((solution(lab)?.join(file), text));
    }
    Ok(files)
}

/// Writes all starters and rubrics, or only says which differ. Returns those, as seen from the root.
///
/// # Errors
///
/// Something cannot be read or written, or there are no solutions here.
pub fn sync(repo: &Repo, check: bool) -> Result<Vec<PathBuf>> {
    let mut differing = Vec::new();
    for lab in LABS {
        let Some(mut files) = rendered(repo, lab)? else {
            bail!("lab {} has no solution here: {STUDENT_EDITION}", lab.number);
        };
        let sheet = repo.lab(lab).join("README.md");
        let text = repo.read(&sheet)?;
        files.push((sheet, with_rubric(&text, lab)?));
        files.extend(borrowed(repo, lab)?);
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
            differing.push(repo.relative(&path).to_owned());
        }
        // A file that the solution no longer has would go on compiling into the starter.
        for path in rust_files(&repo.lab(lab).join("src"))? {
            if !kept.contains(&path) {
                if !check {
                    std::fs::remove_file(&path)?;
                }
                differing.push(repo.relative(&path).to_owned());
            }
        }
    }
    Ok(differing)
}

/// All Rust sources below `folder`.
///
/// # Errors
///
/// It cannot be read.
pub fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The starter of one file of a solution, and how many gaps are in it.
fn starter(solution: &str) -> Result<(String, usize)> {
    let mut out = String::new();
    let mut gaps = 0;
    let mut inside: Option<&str> = None;
    for (index, line) in solution.lines().enumerate() {
        let at = || format!("line {}", index + 1);
        let marker = line.trim();
        let indent = &line[..line.len() - line.trim_start().len()];
        if let Some(what) = marker.strip_prefix("// BEGIN ") {
            if let Some(open) = inside {
                bail!("{}: {what} begins inside {open}", at());
            }
            if let Some(text) = what.strip_prefix("SOLUTION: ") {
                gaps += 1;
                out += &format!("{indent}todo!({text:?})\n");
                inside = Some("SOLUTION");
            } else if what == "HIDDEN" {
                inside = Some("HIDDEN");
            } else {
                bail!("{}: `BEGIN SOLUTION: text` or `BEGIN HIDDEN`, not `{marker}`", at());
            }
        } else if let Some(what) = marker.strip_prefix("// END ") {
            if inside != Some(what) {
                bail!("{}: END {what} without its BEGIN", at());
            }
            inside = None;
        } else if inside.is_none() && !marker.starts_with("// ANCHOR") {
            // What was left out may leave two empty lines behind, or one at the end of a block.
            if marker == "}" && out.ends_with("\n\n") {
                out.pop();
            }
            if !(line.is_empty() && out.ends_with("\n\n")) {
                out += line;
                out.push('\n');
            }
        }
    }
    if let Some(open) = inside {
        bail!("BEGIN {open} without its END");
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    Ok((out, gaps))
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
    fn gaps_become_todos_and_hidden_parts_go() {
        let solution = "\
//! Doc.

use a;
// BEGIN HIDDEN
use b;
// END HIDDEN

// BEGIN HIDDEN
const C: u8 = 1;
// END HIDDEN

// ANCHOR: f
fn f() -> u8 {
    // BEGIN SOLUTION: task 1: say \"one\"
    C
    // END SOLUTION
}
// ANCHOR_END: f
";
        let expected =
            "//! Doc.\n\nuse a;\n\nfn f() -> u8 {\n    todo!(\"task 1: say \\\"one\\\"\")\n}\n";
        assert_eq!(starter(solution).expect("sound markers"), (expected.to_owned(), 1));
    }

    #[test]
    fn what_only_tests_need_goes_wherever_it_stands() {
        let tests = "[dev-dependencies]\nproptest = \"1\"\n";
        let (begin, end) = ("[package]\nname = \"a\"\n", "[lints]\nworkspace = true\n");
        let with = format!("{begin}\n{tests}\n{end}");
        assert_eq!(without_tests(&with), format!("{begin}\n{end}"));
        assert_eq!(without_tests(&format!("{begin}\n{end}\n{tests}")), format!("{begin}\n{end}"));
        assert_eq!(without_tests(begin), begin);
    }

    #[test]
    fn a_given_file_stays_as_it_is() {
        let given = "fn main() {}\n";
        assert_eq!(starter(given).expect("no markers"), (given.to_owned(), 0));
    }

    #[test]
    fn wrong_markers_are_refused_with_their_line() {
        let error = |text: &str| starter(text).expect_err(text).to_string();
        assert!(error("// BEGIN SOLUTION: x\n").contains("without its END"));
        assert!(error("\n// END HIDDEN\n").contains("line 2"));
        assert!(error("// BEGIN HIDDEN\n// BEGIN HIDDEN\n").contains("line 2"));
        assert!(error("// BEGIN SOLUTION\n").contains("line 1"));
    }
}
