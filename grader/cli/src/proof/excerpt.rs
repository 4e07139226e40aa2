//! Reports that slides show, each from one real run of a misconception.
//!
//! `NAME.report` is beside a misconception whose report a slide shows. It has the numbers of the run that wrote it;
//! every line that is the same in each run must be in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use course::checkout::Checkout;
use course::labs::LabInfo;
use engine::lab::Check;
use engine::verdict::Failure;

use super::mask::masked;
use crate::misconception;
use crate::report::Report;
use crate::style::WIDTH;

/// The report of a failure up to its likely cause, without colours.
pub(super) fn of(report: &Report, check: &Check, failure: &Failure) -> String {
    let mut failure = failure.clone();
    // A slide need not say how busy the machine was.
    failure.evidence.tries = None;
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = report.write_failure(&mut out, check, &failure.text(), None, WIDTH);
    let out = anstream::adapter::strip_bytes(&out).into_vec();
    let text = String::from_utf8_lossy(&out);
    let text = text.trim_start();
    let end = text.find("\n  What to do next\n").map_or(text.len(), |end| end + 1);
    text[..end].to_owned()
}

/// The path of the misconception `name`'s report; the file exists only if a slide shows it.
pub(super) fn path(checkout: &Checkout, lab: &LabInfo, name: &str) -> PathBuf {
    misconception::folder(checkout, lab).join(format!("{name}.report"))
}

/// The first of `stable_lines`, the lines of every run, that the report at `path` lacks. `None` if no line is missing,
/// or the file does not exist.
///
/// # Errors
///
/// The file cannot be read.
pub(super) fn missing_line(path: &Path, stable_lines: &[String]) -> Result<Option<String>> {
    if !path.exists() {
        return Ok(None);
    }
    let kept =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let kept = plain(&kept);
    let is_missing = |line: &&String| {
        // Random words are masked in the line, but not in the report.
        !plain(line).split('~').all(|part| kept.contains(part.trim()))
    };
    Ok(stable_lines.iter().find(is_missing).cloned())
}

/// `text` on one line, without numbers.
fn plain(text: &str) -> String {
    masked(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_each_line_that_is_the_same_in_every_run() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("lossy.report");
        let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
        let seen = lines(&["ana-~ gets # bytes back", "# threads in read"]);
        assert_eq!(missing_line(&path, &seen)?, None, "no slide shows it");
        fs::write(&path, "✗ 01/echo: back\n  Observed\n    ana-ipact gets\n    12 bytes back\n")?;
        assert_eq!(missing_line(&path, &seen)?.as_deref(), Some("# threads in read"));
        assert_eq!(missing_line(&path, &lines(&["ana-~ gets # bytes back"]))?, None);
        Ok(())
    }
}
