//! What the output on a terminal looks like.

use anstyle::{AnsiColor, Style};

/// Lines are no longer than this.
pub(crate) const WIDTH: usize = 80;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const ODD: Style = AnsiColor::Yellow.on_default();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();
