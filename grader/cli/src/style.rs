//! The style of terminal output.

use anstyle::{AnsiColor, Style};

/// The maximum length of a line.
pub(crate) const WIDTH: usize = 80;

/// The minimum length: in a narrower terminal, lines wrap.
const MIN_WIDTH: usize = 40;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const ODD: Style = AnsiColor::Yellow.on_default();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// The length of a line on standard output: the width of the terminal within these limits, or the maximum without a
/// terminal.
pub(crate) fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    match size.map(|size| usize::from(size.ws_col)) {
        Ok(columns @ 1..) => columns.clamp(MIN_WIDTH, WIDTH),
        _ => WIDTH,
    }
}
