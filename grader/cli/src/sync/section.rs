//! Sections of hand-written files that `sync` generates, each between two comments.

use anyhow::{Context, Result};

/// The syntax of a comment.
#[derive(Clone, Copy)]
pub(super) enum Comment {
    Html,
    Hash,
}

impl Comment {
    fn of(self, text: &str) -> String {
        match self {
            Self::Html => format!("<!-- {text} -->"),
            Self::Hash => format!("# {text}"),
        }
    }

    /// The comment before the section `name`.
    pub(super) fn begin(self, name: &str) -> String {
        self.of(&format!("{name}: written by `cargo grader sync`"))
    }

    /// The comment after the section `name`.
    pub(super) fn end(self, name: &str) -> String {
        self.of(&format!("end of {name}"))
    }
}

/// `text` with `body` as its section `name`: the lines between the comments.
///
/// # Errors
///
/// The comments are missing.
pub(super) fn with_section(text: &str, comment: Comment, name: &str, body: &str) -> Result<String> {
    let (begin, end) = (comment.begin(name), comment.end(name));
    let found = text.split_once(&format!("{begin}\n")).and_then(|(before, rest)| {
        let end = rest.find(&end)?;
        let line = rest[..end].rfind('\n').map_or(0, |newline| newline + 1);
        Some((before, &rest[line..]))
    });
    let (before, after) =
        found.with_context(|| format!("the lines `{begin}` and `{end}` are missing"))?;
    Ok(format!("{before}{begin}\n{body}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_is_replaced_and_the_rest_kept() {
        let text = "[\n    # a: written by `cargo grader sync`\n    1,\n    # end of a\n]\n";
        let expected = "[\n    # a: written by `cargo grader sync`\n    2,\n    # end of a\n]\n";
        let written = with_section(text, Comment::Hash, "a", "    2,\n").expect("a section");
        assert_eq!(written, expected);
        assert_eq!(
            with_section(&written, Comment::Hash, "a", "    2,\n").expect("again"),
            expected
        );
    }

    #[test]
    fn missing_comments_are_named() {
        let error =
            with_section("<!-- end of a -->", Comment::Html, "a", "").expect_err("no begin");
        assert!(
            error.to_string().contains("<!-- a: written by `cargo grader sync` -->"),
            "{error}"
        );
    }
}
