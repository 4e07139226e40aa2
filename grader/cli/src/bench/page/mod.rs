//! Results as one HTML page that needs nothing else: plots (SVG), tables, and the machine they were taken on.

mod document;
mod plot;
mod plots;
mod theme;

use anyhow::Result;

pub(crate) use document::page;

use self::theme::{DARK, LIGHT};
use super::results::Results;

/// Each plot as a file of its own in each theme, with a legend, for where a page does not fit: names and texts.
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
