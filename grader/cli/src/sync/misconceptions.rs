//! The list of misconceptions at the end of a lab's explanations.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use course::checkout::Checkout;
use course::explanations::EXPLANATIONS_FOLDER;
use engine::lab::Lab;

use super::section::{Comment, with_section};
use crate::misconception::{self, Misconception};

/// The explanations of `lab`, with the current list.
///
/// # Errors
///
/// A file cannot be read, a header is malformed, or the explanations have no section for the list.
pub(super) fn explanations(checkout: &Checkout, lab: &Lab) -> Result<(PathBuf, String)> {
    let folder = misconception::folder(checkout, lab);
    let entries = fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", checkout.relative(&folder).display()))?;
    let mut checks_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let header = Misconception::parse(&checkout.read(&path)?, lab)
            .with_context(|| format!("in {}", checkout.relative(&path).display()))?;
        checks_of.entry(header.sentence).or_default().extend(header.fails.into_keys());
    }
    let mut list = "\n".to_owned();
    for (sentence, ids) in checks_of {
        let ids: Vec<_> = ids.iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(list, "- {} ({})", sentence.trim_end_matches('.'), ids.join(", "));
    }
    let path = checkout.root().join(EXPLANATIONS_FOLDER).join(format!("{}.md", lab.folder()));
    let text = checkout.read(&path)?;
    let text = with_section(&text, Comment::Html, "misconceptions", &(list + "\n"));
    Ok((path.clone(), text.with_context(|| format!("in {}", checkout.relative(&path).display()))?))
}
