use std::fmt;

/// A marker in source code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker<'t> {
    /// The text is that of the starter's `todo!`.
    BeginSolution(&'t str),
    BeginHidden,
    End(Part),
    Anchor(&'t str),
    AnchorEnd(&'t str),
}

/// The part to which a line belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What a student is given.
    Given,
    /// What a student writes.
    Solution,
    /// What only the solution needs.
    Hidden,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "GIVEN",
            Self::Solution => "SOLUTION",
            Self::Hidden => "HIDDEN",
        })
    }
}

impl<'t> Marker<'t> {
    /// The marker on `line`, if there is one.
    ///
    /// # Errors
    ///
    /// It is malformed; the error says how to write it.
    pub(super) fn of(line: &'t str) -> Result<Option<Self>, String> {
        let line = line.trim();
        let comment = line.strip_prefix("// ").or_else(|| line.strip_prefix("# "));
        let comment = comment.or_else(|| line.strip_prefix("<!-- ")?.strip_suffix(" -->"));
        let Some(comment) = comment.map(str::trim) else { return Ok(None) };
        let (word, rest) = comment.split_once(' ').unwrap_or((comment, ""));
        let marker = match (word, rest) {
            ("BEGIN", "HIDDEN") => Some(Self::BeginHidden),
            ("BEGIN", _) => rest.strip_prefix("SOLUTION: ").map(Self::BeginSolution),
            ("END", "HIDDEN") => Some(Self::End(Part::Hidden)),
            ("END", "SOLUTION") => Some(Self::End(Part::Solution)),
            ("END", _) => None,
            ("ANCHOR:", name) if !name.is_empty() => Some(Self::Anchor(name.trim())),
            ("ANCHOR_END:", name) if !name.is_empty() => Some(Self::AnchorEnd(name.trim())),
            ("ANCHOR" | "ANCHOR:" | "ANCHOR_END" | "ANCHOR_END:", _) => None,
            _ => return Ok(None),
        };
        let forms = match word {
            "BEGIN" => "`// BEGIN SOLUTION: text` or `// BEGIN HIDDEN`",
            "END" => "`// END SOLUTION` or `// END HIDDEN`",
            _ => "`// ANCHOR: name` or `// ANCHOR_END: name`",
        };
        marker.map(Some).ok_or_else(|| format!("write {forms}, not `{line}`"))
    }
}
