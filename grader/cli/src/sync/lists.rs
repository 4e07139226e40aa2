//! The tables and lists of all labs and decks.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use course::checkout::Checkout;
use course::labs::LABS;

use super::section::{Comment, with_section};

/// Each file with such a list, and its text.
///
/// # Errors
///
/// A file cannot be read or has no section for its list, or a deck has no title.
pub(super) fn lists(checkout: &Checkout) -> Result<Vec<(PathBuf, String)>> {
    let decks = checkout.root().join("slides/decks");
    let (html, hash) = (Comment::Html, Comment::Hash);
    let files = [
        ("README.md", html, vec![("report", report(checkout)?), ("labs", labs())]),
        ("slides/decks/SUMMARY.md", html, vec![("decks", deck_list(checkout, &decks)?)]),
        (".cargo/mutants.toml", hash, vec![("given files", given_files())]),
    ];
    let written = files.into_iter().map(|(file, comment, sections)| {
        let path = checkout.root().join(file);
        let text = sections.iter().try_fold(checkout.read(&path)?, |text, (name, body)| {
            with_section(&text, comment, name, body).context(file)
        });
        Ok((path, text?))
    });
    written.collect()
}

/// A failure report that a beginner understands, from the first lab.
fn report(checkout: &Checkout) -> Result<String> {
    const REPORT: &str = "handles-client-in-accept-loop.report";
    let folder = LABS.first().context("there is no lab")?.folder();
    let path = checkout.root().join("grader/misconceptions").join(folder).join(REPORT);
    Ok(format!("\n```text\n{}```\n\n", checkout.read(&path)?))
}

/// The table of labs.
fn labs() -> String {
    let mut table = "\n| lab | topic | you build | minutes |\n|---|---|---|---|\n".to_owned();
    for lab in LABS {
        let (digits, folder) = (lab.digits(), lab.folder());
        let (name, builds, minutes) = (lab.name, lab.builds, lab.minutes);
        let _ = writeln!(
            table,
            "| [{digits}](labs/{folder}/README.md) | {name} | {builds} | {minutes} |"
        );
    }
    table + "\n"
}

/// A link to each deck in `folder`, in the order of their numbers.
fn deck_list(checkout: &Checkout, folder: &Path) -> Result<String> {
    let entries = folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<String>>>()?;
    names.retain(|name| name.starts_with(|c: char| c.is_ascii_digit()) && name.ends_with(".md"));
    names.sort();
    let mut list = "\n".to_owned();
    for name in names {
        let text = checkout.read(&folder.join(&name))?;
        let title = deck_title(&text).with_context(|| {
            format!("slides/decks/{name} does not begin with `# Title {{#id …}}`")
        })?;
        let number = name.split('-').next().unwrap_or_default();
        let _ = writeln!(list, "- [{number} {title}]({name})");
    }
    Ok(list + "\n")
}

/// The title of a deck, from its first line: `# Title {#id minutes=1}`.
fn deck_title(text: &str) -> Option<&str> {
    let heading = text.lines().next()?.strip_prefix("# ")?;
    Some(heading.split('{').next()?.trim()).filter(|title| !title.is_empty())
}

/// The files of solutions that are given to students, besides `src/main.rs`.
fn given_files() -> String {
    let mut list = String::new();
    for lab in LABS {
        let borrowed = lab.borrows.iter().map(|(_, file)| *file);
        for file in borrowed.chain(lab.given.iter().copied()) {
            let _ = writeln!(list, "    \"solutions/{}/{file}\",", lab.folder());
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_of_a_deck_is_its_first_heading() {
        assert_eq!(deck_title("# The end {#end minutes=1}\n\n# Other\n"), Some("The end"));
        assert_eq!(deck_title("# The end\n"), Some("The end"));
        assert_eq!(deck_title("# {#end}\n"), None);
        assert_eq!(deck_title("Text\n# Late\n"), None);
    }
}
