//! Archives whose bytes depend only on their files.

use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::contents::Files;

/// The folder in the archive that contains everything.
const FOLDER: &str = "netlab";
const MODE: u32 = 0o644;

/// Writes `files` to the .zip file at `path`.
///
/// # Errors
///
/// The file cannot be written.
pub fn write_zip(files: &Files, path: &Path) -> Result<()> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // The earliest time that the format has.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(MODE);
    for (name, bytes) in files {
        archive.start_file(format!("{FOLDER}/{}", name.display()), options)?;
        archive.write_all(bytes)?;
    }
    replace(path, &archive.finish()?.into_inner())
}

/// Writes `files` to the .tar.gz file at `path`.
///
/// # Errors
///
/// The file cannot be written.
pub fn write_tar(files: &Files, path: &Path) -> Result<()> {
    let compressed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let mut archive = tar::Builder::new(compressed);
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(MODE);
        header.set_mtime(0);
        archive.append_data(&mut header, Path::new(FOLDER).join(name), bytes.as_slice())?;
    }
    replace(path, &archive.into_inner()?.finish()?)
}

fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    course::file::replace(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
