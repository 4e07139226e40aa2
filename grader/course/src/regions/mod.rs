//! Markers in source code that say what a student writes and what a slide shows.
//!
//! - `// BEGIN SOLUTION: text` to `// END SOLUTION`: what a student writes. In a starter it becomes
//!   `todo!("text")`.
//! - `// BEGIN HIDDEN` to `// END HIDDEN`: what only the solution needs. A starter omits it.
//! - `// ANCHOR: name` to `// ANCHOR_END: name`: an excerpt for a slide. Excerpts may overlap.
//!
//! Each marker has its own line. A comment may begin with `#` instead of `//`, or be one of HTML: `<!-- BEGIN HIDDEN -->`.

mod marker;
#[cfg(test)]
mod tests;

pub use marker::{Marker, Part};

use crate::line_error::LineError;

/// Source code with its markers.
#[derive(Clone, Debug)]
pub struct Source<'t> {
    lines: Vec<Line<'t>>,
}

/// A line of source code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'t> {
    /// From 1.
    pub number: usize,
    pub text: &'t str,
    /// The marker, if the line is one.
    pub marker: Option<Marker<'t>>,
    /// The part to which the line belongs, as do the markers of that part.
    pub part: Part,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// The starter for one file of a solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    pub text: String,
    /// How many `todo!`s it contains.
    pub gaps: usize,
}

/// A solution or hidden part that has begun.
#[derive(Clone, Copy)]
struct Open {
    part: Part,
    /// Where it begins.
    line: usize,
}

impl Open {
    /// The open part after line `number` with `marker`, if `open` was the one before.
    fn after(
        open: Option<Self>,
        marker: Option<Marker<'_>>,
        number: usize,
    ) -> Result<Option<Self>, LineError> {
        let begun = match marker {
            Some(Marker::BeginSolution(_)) => Part::Solution,
            Some(Marker::BeginHidden) => Part::Hidden,
            Some(Marker::End(ended)) => return Self::end(open, ended, number),
            _ => return Ok(open),
        };
        match open {
            None => Ok(Some(Self { part: begun, line: number })),
            Some(Self { part, line }) => {
                let message = format!(
                    "{begun} begins inside the {part} of line {line}: end that one first with \
                     `// END {part}`"
                );
                Err(LineError::new(number, message))
            }
        }
    }

    fn end(open: Option<Self>, ended: Part, number: usize) -> Result<Option<Self>, LineError> {
        let message = match open {
            Some(Self { part, .. }) if part == ended => return Ok(None),
            Some(Self { part, line }) => {
                format!("END {ended} inside the {part} of line {line}: write `// END {part}`")
            }
            None => format!("END {ended} without its BEGIN: add it, or remove this line"),
        };
        Err(LineError::new(number, message))
    }
}

impl<'t> Source<'t> {
    /// Reads the markers of `text`.
    ///
    /// # Errors
    ///
    /// A marker is malformed, or a solution or hidden part is nested, not ended or not begun.
    /// [`Source::anchored`] checks the anchors.
    pub fn parse(text: &'t str) -> Result<Self, LineError> {
        let mut lines = Vec::new();
        let mut open: Option<Open> = None;
        for (number, text) in (1..).zip(text.lines()) {
            let marker = Marker::of(text).map_err(|message| LineError::new(number, message))?;
            let before = open;
            open = Open::after(open, marker, number)?;
            let part = before.or(open).map_or(Part::Given, |open| open.part);
            lines.push(Line { number, text, marker, part });
        }
        match open {
            Some(Open { part, line }) => {
                let message = format!("BEGIN {part} without its END: add `// END {part}`");
                Err(LineError::new(line, message))
            }
            None => Ok(Self { lines }),
        }
    }

    /// All lines, including the markers.
    #[must_use]
    pub fn lines(&self) -> &[Line<'t>] {
        &self.lines
    }

    /// The line and the name of each excerpt's beginning.
    pub fn anchors(&self) -> impl Iterator<Item = (usize, &'t str)> {
        self.lines.iter().filter_map(|line| match line.marker {
            Some(Marker::Anchor(name)) => Some((line.number, name)),
            _ => None,
        })
    }

    /// The code between the anchors called `name`, without other markers.
    ///
    /// # Errors
    ///
    /// The region does not exist, exists twice, does not end, or has only blank lines.
    pub fn anchored(&self, name: &str) -> Result<Vec<Line<'t>>, LineError> {
        let (mut begin, mut end, mut code) = (None, None, Vec::new());
        for line in &self.lines {
            match line.marker {
                Some(Marker::Anchor(other)) if other == name => {
                    if let Some(begin) = begin {
                        let message = format!(
                            "a second region `{name}`, after the one on line {begin}: rename one"
                        );
                        return Err(LineError::new(line.number, message));
                    }
                    begin = Some(line.number);
                }
                Some(Marker::AnchorEnd(other)) if other == name => {
                    if begin.is_none() || end.is_some() {
                        let message = format!(
                            "the region `{name}` ends without a beginning: add `// ANCHOR: {name}`, \
                             or remove this line"
                        );
                        return Err(LineError::new(line.number, message));
                    }
                    end = Some(line.number);
                }
                None if begin.is_some() && end.is_none() => code.push(*line),
                _ => {}
            }
        }
        let Some(begin) = begin else {
            let message = format!("no region `{name}`: add `// ANCHOR: {name}`");
            return Err(LineError::new(1, message));
        };
        if end.is_none() {
            let message = format!("the region `{name}` does not end: add `// ANCHOR_END: {name}`");
            return Err(LineError::new(begin, message));
        }
        if code.iter().all(Line::is_blank) {
            let message = format!("the region `{name}` is empty: remove its anchors");
            return Err(LineError::new(begin, message));
        }
        Ok(code)
    }

    /// The program itself.
    #[must_use]
    pub fn without_markers(&self) -> String {
        let lines = self.lines.iter().filter(|line| line.marker.is_none());
        lines.map(|line| format!("{}\n", line.text)).collect()
    }

    /// What a student gets: gaps for solutions, no hidden parts, no markers.
    #[must_use]
    pub fn starter(&self) -> Starter {
        let (mut text, mut gaps) = (String::new(), 0);
        for line in &self.lines {
            if let Some(Marker::BeginSolution(task)) = line.marker {
                let indent = &line.text[..line.text.len() - line.text.trim_start().len()];
                text += &format!("{indent}todo!({task:?})\n");
                gaps += 1;
            } else if line.marker.is_none() && line.part == Part::Given {
                // An omitted part may leave two consecutive blank lines, or one at the end of a block.
                if line.text.trim() == "}" && text.ends_with("\n\n") {
                    text.pop();
                }
                if !(line.text.is_empty() && text.ends_with("\n\n")) {
                    text += line.text;
                    text.push('\n');
                }
            }
        }
        while text.ends_with("\n\n") {
            text.pop();
        }
        Starter { text, gaps }
    }
}
