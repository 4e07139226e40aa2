//! The kinds of lines in either format.

use crate::model::Sample;

/// One parsed line.
pub(crate) enum Line<'t> {
    /// A comment or a blank line, where the format allows them.
    Ignored,
    /// An empty line, which OpenMetrics does not allow.
    Empty,
    /// The `# EOF` of OpenMetrics.
    Eof,
    Metadata(Metadata<'t>),
    Sample(Sample),
}

/// A HELP, TYPE or UNIT line.
pub(crate) struct Metadata<'t> {
    pub(crate) keyword: Keyword,
    /// The name of the metric family.
    pub(crate) family: &'t str,
    /// What follows the name, with its escapes.
    pub(crate) content: &'t str,
}

#[derive(Clone, Copy)]
pub(crate) enum Keyword {
    Help,
    Type,
    Unit,
}

impl Keyword {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Help, Self::Type, Self::Unit].into_iter().find(|keyword| keyword.name() == word)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Help => "HELP",
            Self::Type => "TYPE",
            Self::Unit => "UNIT",
        }
    }
}
