//! Finds lines of answers where students could read them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result};
use course::checkout::Checkout;
use course::regions::{Line, Part, Source};

use super::contents;

/// Shorter lines, such as `stream.flush().await?;`, are in every program.
const SHORTEST: usize = 21;

/// The lines that only answers and known-wrong programs have.
pub struct Secrets {
    lines: Vec<String>,
    finder: AhoCorasick,
}

/// A line of an answer in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    pub path: PathBuf,
    pub line: String,
}

impl Secrets {
    /// The secrets of the course in `checkout`. A line that students are meant to see is not secret: on a slide or
    /// sheet, in an explanation, in a starter, or in the grader itself.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or its markers are wrong.
    pub fn of(checkout: &Checkout) -> Result<Self> {
        let mut public = String::new();
        let mut lines = BTreeSet::new();
        for path in contents::rust_files_below(&checkout.root().join("solutions"))? {
            let text = checkout.read(&path)?;
            let source = Source::parse(&text)
                .with_context(|| format!("in {}", checkout.relative(&path).display()))?;
            let is_answer = |line: &&Line<'_>| line.part != Part::Given && line.marker.is_none();
            let answers = source.lines().iter().filter(is_answer);
            lines.extend(answers.map(|line| line.text.trim().to_owned()));
        }
        for path in contents::rust_files_below(&checkout.root().join("grader/misconceptions"))? {
            let text = checkout.read(&path)?;
            lines.extend(text.lines().map(|line| line.trim().to_owned()));
        }
        for (_, text) in contents::public_texts(checkout)? {
            public += &text;
        }
        Self::new(lines, &public)
    }

    fn new(lines: impl IntoIterator<Item = String>, public: &str) -> Result<Self> {
        let is_secret = |line: &String| line.len() >= SHORTEST && !public.contains(line.as_str());
        let lines: Vec<_> = lines.into_iter().filter(is_secret).collect();
        let finder = AhoCorasick::new(&lines).context("too many lines")?;
        Ok(Self { lines, finder })
    }

    /// How many lines are secret.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// The leaks in the contents of the file at `path`: as they are, as a browser shows them, and as a script reads
    /// them.
    #[must_use]
    pub fn found_in(&self, path: &Path, bytes: &[u8]) -> Vec<Leak> {
        let mut found = self.lines_in(bytes);
        if let Ok(text) = std::str::from_utf8(bytes) {
            // A script may contain JSON in a string: two levels of escapes.
            let shown = replaced(text, &ENTITIES);
            let once = replaced(&shown, &ESCAPES);
            let twice = replaced(&once, &ESCAPES);
            for text in [shown, once, twice] {
                found.extend(self.lines_in(text.as_bytes()));
            }
        }
        let leak = |index: &usize| Leak { path: path.to_owned(), line: self.lines[*index].clone() };
        found.iter().map(leak).collect()
    }

    fn lines_in(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let matches = self.finder.find_overlapping_iter(bytes);
        matches.map(|found| found.pattern().as_usize()).collect()
    }
}

/// What HTML writes instead of some characters.
const ENTITIES: [(&str, &str); 7] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
];
/// What JSON and JavaScript write instead of some characters.
const ESCAPES: [(&str, &str); 4] = [("\\\"", "\""), ("\\'", "'"), ("\\n", "\n"), ("\\\\", "\\")];

/// `text` with each of the `pairs` replaced, from left to right, so that nothing is replaced twice.
fn replaced(text: &str, pairs: &[(&str, &str)]) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(c) = rest.chars().next() {
        match pairs.iter().find(|(from, _)| rest.starts_with(from)) {
            Some((from, to)) => {
                out += to;
                rest = &rest[from.len()..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "if let Some(\"a\") = map.get(&'x').copied() {";

    fn found(bytes: &[u8]) -> Vec<String> {
        let lines = [LINE, "short", "let seen = on_a_slide_too();"].map(str::to_owned);
        let secrets = Secrets::new(lines, "…\n  let seen = on_a_slide_too(); // here\n");
        let secrets = secrets.expect("few lines");
        assert_eq!(secrets.count(), 1);
        let leaks = secrets.found_in(Path::new("file"), bytes);
        leaks.into_iter().map(|leak| leak.line).collect()
    }

    #[test]
    fn a_line_is_found_in_text_programs_pages_and_scripts() {
        assert_eq!(found(format!("x\n    {LINE}\n").as_bytes()), [LINE]);
        let program = [b"\x7fELF\xff".as_slice(), LINE.as_bytes(), b"\xfe"].concat();
        assert_eq!(found(&program), [LINE]);
        let page = "<code>if let Some(&quot;a&quot;) = map.get(&amp;&#39;x&#39;).copied() {</code>";
        assert_eq!(found(page.as_bytes()), [LINE]);
        let script = r#"{"body": "if let Some(\"a\") = map.get(&'x').copied() {\n"}"#;
        assert_eq!(found(script.as_bytes()), [LINE]);
        let index =
            r#"JSON.parse('{"body":"if let Some(\\"a\\") = map.get(&\'x\').copied() {\\n"}')"#;
        assert_eq!(found(index.as_bytes()), [LINE]);
    }

    #[test]
    fn short_lines_and_lines_on_slides_are_not_secret() {
        assert!(found(b"short\nlet seen = on_a_slide_too();\n").is_empty());
    }
}
