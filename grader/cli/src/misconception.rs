//! The header of a misconception, a known-wrong program: the misunderstanding, and the checks that must fail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use course::checkout::Checkout;
use course::labs::LabInfo;
use engine::lab::Lab;

/// How a misconception's items depart from the solution's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Departures {
    /// Names of items that the solution does not have.
    pub(crate) adds: BTreeSet<String>,
    /// Names of the solution's items that the misconception does not have.
    pub(crate) without: BTreeSet<String>,
}

/// A known-wrong answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misconception {
    /// The misunderstanding, in one sentence.
    pub(crate) sentence: String,
    /// The file that it changes, relative to the solution.
    pub(crate) file: PathBuf,
    /// How its items depart from those of the solution's file; `None` if it replaces the whole file.
    pub(crate) departures: Option<Departures>,
    /// The checks that must fail, each with its reason.
    pub(crate) fails: BTreeMap<String, String>,
    /// Whether they fail only by chance, usually in a race between two threads.
    pub(crate) nondeterministic: bool,
}

/// Where the misconceptions of `lab` are.
pub(crate) fn folder(checkout: &Checkout, lab: &LabInfo) -> PathBuf {
    checkout.root().join("grader/misconceptions").join(lab.folder())
}

impl Misconception {
    /// Parses the first lines of a misconception of `lab`.
    ///
    /// # Errors
    ///
    /// They are malformed.
    pub(crate) fn parse(source: &str, lab: &Lab) -> Result<Self> {
        let mut lines = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
        let (mut sentence, mut file) = (String::new(), PathBuf::from("src/lib.rs"));
        let (mut departures, mut is_whole) = (Departures::default(), false);
        let mut nondeterministic = false;
        let names = |names: &str| names.split(", ").map(str::to_owned).collect();
        for line in lines.by_ref().filter(|line| !line.is_empty()) {
            match line.split_once(": ").unwrap_or((line, "")) {
                ("Must fail:", "") => break,
                ("Edits", path) => file = path.into(),
                ("Replaces", path) => (file, is_whole) = (path.into(), true),
                ("Adds", items) => departures.adds = names(items),
                ("Without", items) => departures.without = names(items),
                ("Nondeterministic", reason) if !reason.is_empty() => nondeterministic = true,
                (key, _) if is_key(key) && key != "Misconception" => {
                    bail!("unknown line `{line}`; CONTRIBUTING.md lists the known ones")
                }
                _ => {
                    sentence += line;
                    sentence.push(' ');
                }
            }
        }
        let Some(sentence) = sentence.trim().strip_prefix("Misconception: ") else {
            bail!("the first line must be `//! Misconception: …`");
        };
        if is_whole && departures != Departures::default() {
            bail!("`Replaces` cannot be combined with `Adds` or `Without`");
        }
        let fails = parse_fails(lines, lab)?;
        let departures = (!is_whole).then_some(departures);
        Ok(Self { sentence: sentence.to_owned(), file, departures, fails, nondeterministic })
    }
}

/// Whether `text` looks like the key of a line with a value: one capitalised word.
fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(char::is_alphanumeric)
}

/// Parses the lines `- NN/check: reason`; a reason may continue on the following lines.
fn parse_fails<'l>(
    lines: impl Iterator<Item = &'l str>,
    lab: &Lab,
) -> Result<BTreeMap<String, String>> {
    let mut fails: BTreeMap<String, String> = BTreeMap::new();
    let mut last: Option<String> = None;
    for line in lines {
        if let Some(item) = line.strip_prefix("- ") {
            let (id, reason) = item.split_once(": ").context("write `- NN/check: reason`")?;
            if lab.check(id).is_none() {
                bail!("there is no check {id}");
            }
            if fails.insert(id.to_owned(), reason.to_owned()).is_some() {
                bail!("{id} is listed twice");
            }
            last = Some(id.to_owned());
        } else if line.split_once(": ").is_some_and(|(key, _)| is_key(key)) {
            bail!("`{line}` belongs before `Must fail:`");
        } else if let Some(reason) = last.as_ref().and_then(|id| fails.get_mut(id)) {
            *reason += &format!(" {line}");
        }
    }
    if fails.is_empty() {
        bail!("`//! Must fail:` and the list of checks are missing");
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
        let end = "//! Must fail:\n//! - 01/half-close: c\n";
        assert!(parse(&format!("//! Misconception: a\n//! Edit: src/x.rs\n{end}")).is_err());
        assert!(parse(&format!("//! Misconception: a\n{end}//! Adds: f\n")).is_err());
        assert!(parse(&format!("//! Misconception: a\n{end}//! - 01/half-close: d\n")).is_err());
    }

    #[test]
    fn a_header_says_what_is_changed_and_how() {
        let parsed = parse(
            "//! Misconception: a\n//! Edits: src/x.rs\n//! Adds: f, T::g\n//! Without: h\n\
             //! Must fail:\n//! - 01/half-close: c\n",
        );
        let parsed = parsed.expect("a sound header");
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let departures = Departures { adds: names(&["f", "T::g"]), without: names(&["h"]) };
        assert_eq!(parsed.file, PathBuf::from("src/x.rs"));
        assert_eq!(parsed.departures, Some(departures));
        let end = "//! Must fail:\n//! - 01/half-close: c\n";
        let whole = parse(&format!("//! Misconception: a\n//! Replaces: src/x.rs\n{end}"));
        assert_eq!(whole.expect("a sound header").departures, None);
        let both = format!("//! Misconception: a\n//! Replaces: src/x.rs\n//! Adds: f\n{end}");
        assert!(parse(&both).is_err());
    }

    #[test]
    fn what_is_nondeterministic_says_so() {
        let source = "//! Misconception: a\n//! Nondeterministic: b\n//!\n//! Must fail:\n\
                      //! - 01/half-close: c\n";
        let parsed = parse(source).expect("a sound header");
        assert_eq!((parsed.sentence.as_str(), parsed.nondeterministic), ("a", true));
    }
}
