//! Opens the book in a browser, and prints it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use course::decks::redirect;

use crate::book::Target;

/// The commands of browsers that print without a window.
const PRINTERS: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// Opens a page of the book in `out` in the user's browser.
///
/// # Errors
///
/// No browser is found, or it does not start.
pub fn open(out: &Path, target: &Target) -> Result<()> {
    let page = out.join("open.html");
    fs::write(&page, redirect(&target.url()))
        .with_context(|| format!("cannot write {}", page.display()))?;
    if let Err(error) = opener::open_browser(&page) {
        bail!(
            "no browser could be started ({error}); open {} yourself",
            out.join(target.url()).display()
        );
    }
    Ok(())
}

/// Prints a page of the book in `out` to `file`, one slide per page.
///
/// # Errors
///
/// No browser that prints is found, it fails, or `file` cannot be written.
pub fn print(out: &Path, page: &str, file: &Path) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(120);
    let browser = printer()
        .context("no browser that can print: install chromium (apt-get install chromium)")?;
    // An existing file is replaced only when the new one is complete.
    let file = std::path::absolute(file)?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    let printed = tempfile::Builder::new().suffix(".pdf").tempfile_in(folder);
    let printed = printed.with_context(|| format!("cannot write {}", file.display()))?;
    let profile = tempfile::tempdir().context("cannot create the browser's profile")?;
    let mut command = headless(&browser, profile.path());
    command
        .arg(format!("--print-to-pdf={}", printed.path().display()))
        .arg("--no-pdf-header-footer");
    command.arg(format!("{}?paged", url_of(&out.join(format!("{page}.html")))?));
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    let child = command.spawn().with_context(|| format!("cannot start {}", browser.display()))?;
    wait(child, PATIENCE).with_context(|| format!("{} did not print", browser.display()))?;
    let is_printed = fs::read(printed.path()).is_ok_and(|bytes| bytes.starts_with(b"%PDF"));
    if !is_printed {
        bail!("{} wrote no PDF", browser.display());
    }
    printed.persist(&file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

/// The first browser on PATH that can print without a window.
#[must_use]
pub fn printer() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<_> = env::split_paths(&path).collect();
    let candidates =
        PRINTERS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

/// `browser` without a window, with its own profile and without background network traffic.
fn headless(browser: &Path, profile: &Path) -> Command {
    let mut command = Command::new(browser);
    command.args([
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]);
    command.args(["--disable-component-update", "--disable-sync", "--disable-extensions"]);
    // The pages are trusted, and the sandbox needs privileges that containers lack.
    command.arg("--no-sandbox");
    command.arg(format!("--user-data-dir={}", profile.display()));
    command
}

/// The address of a file.
///
/// # Errors
///
/// It does not exist.
pub fn url_of(file: &Path) -> Result<String> {
    let path = file.canonicalize().with_context(|| format!("{} does not exist", file.display()))?;
    Ok(course::file::address(&path))
}

fn wait(mut child: Child, patience: Duration) -> Result<()> {
    const PAUSE: Duration = Duration::from_millis(20);
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            if status.success() {
                return Ok(());
            }
            bail!("it ended with {status}");
        }
        if begin.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            bail!("it took more than {} s", patience.as_secs());
        }
        std::thread::sleep(PAUSE);
    }
}
