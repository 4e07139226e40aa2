//! The course as data, for the code that grades, generates or presents it.
//!
//! - [`labs`]: the registry of labs and the description of a check.
//! - [`checkout`]: where the files of a lab are, and which edition of the course this is.
//! - [`file`]: replaces a file in a single step, and gives the address of one.
//! - [`regions`]: the markers in source code that become gaps in starters and excerpts on slides.
//! - [`gap`]: what the text of a gap in a starter says.
//! - [`explanations`]: the Markdown that explains each check.
//! - [`decks`]: how people name decks and slides.
//! - [`text`]: sizes, durations, plurals and quoted bytes for reports.
//! - [`mod@closest`]: suggestions for a mistyped name.

pub mod checkout;
pub mod closest;
pub mod decks;
pub mod explanations;
pub mod file;
pub mod gap;
pub mod labs;
mod line_error;
pub mod regions;
pub mod text;

pub use line_error::LineError;
