//! Pages with the expected verdicts.

use crate::Format;

pub(super) const P: Format = Format::Prometheus;
pub(super) const O: Format = Format::OpenMetrics;

/// A page and its first fault.
pub(super) struct Case {
    pub(super) format: Format,
    pub(super) text: &'static [u8],
    /// Part of the first fault, with its line; `None` for a page without faults.
    pub(super) fault: Option<&'static str>,
    /// Why promtool's verdict differs, if it does.
    pub(super) differs: Option<&'static str>,
}

pub(super) const fn good(format: Format, text: &'static str) -> Case {
    Case { format, text: text.as_bytes(), fault: None, differs: None }
}

pub(super) const fn bad(format: Format, text: &'static str, fault: &'static str) -> Case {
    Case { format, text: text.as_bytes(), fault: Some(fault), differs: None }
}

pub(super) const fn bytes(format: Format, text: &'static [u8], fault: &'static str) -> Case {
    Case { format, text, fault: Some(fault), differs: None }
}

impl Case {
    /// Records why promtool's verdict differs.
    pub(super) const fn but(mut self, why: &'static str) -> Self {
        self.differs = Some(why);
        self
    }
}

pub(super) const BLANKS: &str = "the specification ignores trailing blanks, as does Prometheus's own \
                      reader; the older one of `check metrics` does not";
pub(super) const VALUES: &str = "promtool parses values but does not check them";
pub(super) const POINTS: &str = "promtool does not check the parts of a histogram or summary";
pub(super) const GROUPS: &str = "promtool does not check the order of lines";
pub(super) const TYPES: &str = "promtool does not compare samples with their TYPE in OpenMetrics, and \
    ignores those that do not match in Prometheus text";
pub(super) const TWICE: &str =
    "promtool does not look for duplicates; Prometheus drops one when it scrapes";
pub(super) const UNSEEN: &str = "promtool does not check comments and help texts";
pub(super) const CLASH: &str = "promtool does not look for name clashes";
pub(super) const METADATA: &str = "promtool reads each metadata line of OpenMetrics on its own";
