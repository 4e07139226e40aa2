//! The header of a misconception.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use course::checkout::Checkout;
use course::labs::LabInfo;
use engine::lab::Lab;

/// A known-wrong answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Misconception {
    /// The misunderstanding, in a sentence.
    pub(super) sentence: String,
    /// The file of the solution that it replaces, as seen from there.
    pub(super) file: PathBuf,
    /// The checks that must fail, with the reason.
    pub(super) fails: BTreeMap<String, String>,
    /// Whether they fail only by chance: most often in a race between two threads.
    pub(super) nondeterministic: bool,
}

/// Where the misconceptions of `lab` are.
pub(super) fn folder(checkout: &Checkout, lab: &LabInfo) -> PathBuf {
    checkout.root().join("grader/misconceptions").join(lab.folder())
}

impl Misconception {
    /// Reads the first lines of a misconception of `lab`.
    ///
    /// # Errors
    ///
    /// They are not as they must be.
    pub(super) fn parse(source: &str, lab: &Lab) -> Result<Self> {
        let mut lines = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
        let (mut sentence, mut file) = (String::new(), PathBuf::from("src/lib.rs"));
        let mut nondeterministic = false;
        for line in lines.by_ref() {
            if line == "Must fail:" {
                break;
            }
            if let Some(other) = line.strip_prefix("In place of: ") {
                file = other.into();
            } else if line.starts_with("Takes luck: ") {
                nondeterministic = true;
            } else {
                sentence += line;
                sentence.push(' ');
            }
        }
        let Some(sentence) = sentence.trim().strip_prefix("Misconception: ") else {
            bail!("the first line is to read `//! Misconception: …`");
        };
        let fails = parse_fails(lines, lab)?;
        Ok(Self { sentence: sentence.to_owned(), file, fails, nondeterministic })
    }
}

/// The lines `- NN/check: reason`, each of which may continue in the next.
fn parse_fails<'l>(
    lines: impl Iterator<Item = &'l str>,
    lab: &Lab,
) -> Result<BTreeMap<String, String>> {
    let mut fails: BTreeMap<String, String> = BTreeMap::new();
    let mut last: Option<String> = None;
    for line in lines {
        if let Some(item) = line.strip_prefix("- ") {
            let (id, reason) = item.split_once(": ").context("each line: `- NN/check: reason`")?;
            if lab.check(id).is_none() {
                bail!("there is no check {id}");
            }
            fails.insert(id.to_owned(), reason.to_owned());
            last = Some(id.to_owned());
        } else if let Some(reason) = last.as_ref().and_then(|id| fails.get_mut(id)) {
            *reason += &format!(" {line}");
        }
    }
    if fails.is_empty() {
        bail!("`//! Must fail:` and the checks are missing");
    }
    Ok(fails)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> Result<Misconception> {
        Misconception::parse(source, checks::LABS[0])
    }

    #[test]
    fn a_misconception_says_what_it_is_and_what_it_fails() {
        let source = "//! Misconception: a b\n//! c.\n//!\n//! Must fail:\n//! - 01/half-close: d\n\
                      //!   e\n//! - 01/echo-bytes: f\n\nuse std;\n";
        let parsed = parse(source).expect("a sound header");
        assert_eq!(parsed.sentence, "a b c.");
        assert_eq!(parsed.fails["01/half-close"], "d e");
        assert_eq!(parsed.fails["01/echo-bytes"], "f");
        assert!(!parsed.nondeterministic);
    }

    #[test]
    fn a_header_without_its_parts_is_refused() {
        assert!(parse("//! Misconception: a\n//! Must fail:\n//! - 01/no: x\n").is_err());
        assert!(parse("//! Misconception: a\n").is_err());
    }

    #[test]
    fn what_is_nondeterministic_says_so() {
        let source = "//! Misconception: a\n//! Takes luck: b\n//!\n//! Must fail:\n\
                      //! - 01/half-close: c\n";
        let parsed = parse(source).expect("a sound header");
        assert_eq!((parsed.sentence.as_str(), parsed.nondeterministic), ("a", true));
    }
}
