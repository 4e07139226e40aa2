//! Saves and prints the results.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::bench::{Results, page, table};
use crate::status::FAILED;

/// Where results go.
pub(super) struct Output {
    /// For the results, the page and its plots.
    pub folder: PathBuf,
    /// Whether to print JSON instead of tables.
    pub as_json: bool,
}

impl Output {
    /// Creates the folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be written to.
    pub fn prepare(&self) -> Result<()> {
        let folder = &self.folder;
        let advice = || {
            let folder = folder.display();
            format!("cannot write results to {folder}; choose another folder with --out")
        };
        fs::create_dir_all(folder).with_context(advice)?;
        let probe = folder.join(".writable");
        fs::write(&probe, "").with_context(advice)?;
        fs::remove_file(&probe).with_context(advice)
    }

    /// Saves the results, prints them, and writes the page and its plots. The order matters: results that took minutes
    /// to measure are not lost if a later step fails. The exit status says whether anything was measured.
    ///
    /// # Errors
    ///
    /// A file cannot be written, or a plot cannot be drawn.
    pub fn write(&self, results: &Results) -> Result<ExitCode> {
        let json = serde_json::to_string_pretty(results)? + "\n";
        let saved = self.save("results.json", &json);
        let mut out = anstream::stdout().lock();
        if self.as_json {
            write!(out, "{json}")?;
        } else {
            table::write(results, &mut out)?;
        }
        saved?;
        for (name, text) in page::files(results)? {
            self.save(&name, &text)?;
        }
        self.save("index.html", &page::page(results)?)?;
        if !self.as_json {
            writeln!(out, "\nwith plots: {}", self.folder.join("index.html").display())?;
        }
        Ok(ExitCode::from(if results.has_samples() { 0 } else { FAILED }))
    }

    fn save(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}
