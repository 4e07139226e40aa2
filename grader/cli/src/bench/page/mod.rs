//! Results as one self-contained HTML page: plots (SVG), tables, and the machine they were measured on.

mod document;
mod plot;
mod plots;
mod theme;

use anyhow::Result;

pub(crate) use document::page;

use self::theme::{DARK, LIGHT};
use super::results::Results;

/// Each plot in each theme as a separate file with a legend, for use outside the page: names and contents.
///
/// # Errors
///
/// A plot cannot be drawn.
pub(crate) fn files(results: &Results) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for plot in plots::plots(results) {
        for theme in [&LIGHT, &DARK] {
            let name = format!("{}-{}.svg", plot.name, theme.name);
            files.push((name, plot.svg(theme, Some(&results.programs))?));
        }
    }
    Ok(files)
}
