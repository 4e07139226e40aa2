//! `cargo grader slides`, which is `cargo slides` in the student edition.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use course::checkout::Checkout;
use course::decks::{find_deck, no_such_slide, redirect};
use course::file::address;

#[derive(Args, Debug)]
pub struct SlidesArguments {
    /// A deck, such as 3, 03 or async-echo, optionally with one of its slides (03#half-close); --no-open only says where
    /// it is
    #[arg(value_name = "DECK[#SLIDE]", allow_hyphen_values = true, trailing_var_arg = true)]
    arguments: Vec<String>,
}

/// Opens the slides in the browser.
///
/// # Errors
///
/// The slides are not pages in this edition, the deck or slide does not exist, or no browser can be started.
pub fn slides(SlidesArguments { arguments }: &SlidesArguments) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    let folder = checkout.root().join("slides");
    if !folder.join("index.html").is_file() {
        let line = format!("cargo slides {}", arguments.join(" "));
        bail!("the slides are a separate command: {}", line.trim_end());
    }
    let (options, decks): (Vec<_>, Vec<_>) =
        arguments.iter().partition(|word| word.starts_with('-'));
    let no_open = options.iter().any(|option| *option == "--no-open");
    if let Some(option) = options.iter().find(|option| **option != "--no-open") {
        bail!("the student edition contains the slides as pages, so there is no {option}");
    }
    ensure!(decks.len() <= 1, "open one deck at a time");
    let (page, slide) = match decks.first() {
        Some(wanted) => find_page(&folder, wanted)?,
        None => (folder.join("index.html"), None),
    };
    let slide = slide.map(|slide| format!("#{slide}")).unwrap_or_default();
    let place = format!("{}{slide}", page.display());
    if no_open {
        writeln!(anstream::stdout(), "{place}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let redirecting = checkout.target().join("open-slides.html");
    let open = || -> Result<()> {
        fs::create_dir_all(checkout.target())?;
        fs::write(&redirecting, redirect(&format!("{}{slide}", address(&page))))?;
        Ok(open::that_detached(&redirecting)?)
    };
    // Asking for a browser succeeds even if none opens.
    writeln!(anstream::stdout(), "If no browser opens: {place}")?;
    open().with_context(|| format!("cannot start a browser; open {place} yourself"))?;
    Ok(ExitCode::SUCCESS)
}

/// The page in `folder` that `wanted` means, and the slide on it.
fn find_page<'w>(folder: &Path, wanted: &'w str) -> Result<(PathBuf, Option<&'w str>)> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let name = name.strip_suffix(".html")?;
        name.starts_with(|c: char| c.is_ascii_digit()).then(|| name.to_owned())
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let (name, slide) = find_deck(wanted, &names)?;
    let page = folder.join(format!("{name}.html"));
    let Some(id) = slide else { return Ok((page, None)) };
    let text =
        fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
    let ids = text.split("<h").filter_map(|rest| {
        let rest = rest.get(1..)?.strip_prefix(" id=\"")?;
        rest.split('"').next()
    });
    let ids: Vec<_> = ids.collect();
    if ids.contains(&id) { Ok((page, slide)) } else { Err(no_such_slide(name, id, &ids)) }
}
