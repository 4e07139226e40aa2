//! Which files a student edition has. It is a list of what is allowed, so that nothing new is published by accident.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use course::checkout::{Checkout, read_text};
use course::labs::LABS;
use course::regions::{Line, Marker, Source};

/// Files by their path from the root.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Files that are the same in both editions.
const FILES: [&str; 20] = [
    ".devcontainer/Dockerfile",
    ".devcontainer/devcontainer.json",
    ".gitattributes",
    ".gitignore",
    ".vscode/extensions.json",
    ".vscode/tasks.json",
    "Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "grader/.cargo/config.toml",
    "grader/Cargo.lock",
    "grader/Cargo.toml",
    "grader/RULES.md",
    "labs/rustfmt.toml",
    "launcher/Cargo.toml",
    "launcher/slides-help.txt",
    "launcher/src/main.rs",
    "pictures/idle-dark.svg",
    "pictures/idle-light.svg",
    "rustfmt.toml",
];
/// The grader's crates. Of each, the edition has `Cargo.toml`, `clippy.toml` and `src/`.
const CRATES: [&str; 6] = ["checks", "cli", "course", "engine", "exposition", "observe"];
/// Sources of the grader that only those who have the solutions need.
const MAINTAINERS: [&str; 7] = [
    "grader/cli/src/commands/release.rs",
    "grader/cli/src/commands/sync.rs",
    "grader/cli/src/commands/verify.rs",
    "grader/cli/src/misconception.rs",
    "grader/cli/src/proof",
    "grader/cli/src/release",
    "grader/cli/src/sync",
];
/// Files from which the lines between `BEGIN HIDDEN` and `END HIDDEN` are cut.
const CUT: [&str; 6] = [
    "README.md",
    "grader/cli/Cargo.toml",
    "grader/cli/src/commands/mod.rs",
    "grader/cli/src/lib.rs",
    "grader/cli/src/main.rs",
    "grader/cli/src/report/mod.rs",
];
/// Files of which the edition has another text: the file, a part of it, and what replaces that part.
const REPLACED: [(&str, &str, &str); 7] = [
    (".cargo/config.toml", "-- slides\"", "-- grader slides\""),
    ("Cargo.toml", ", \"solutions/*\"]", "]"),
    ("README.md", "(cd grader && cargo test)  # run the tests of the grader\n", ""),
    ("README.md", "](slides/decks/00-why-concurrency.md)", "](slides/00-why-concurrency.html)"),
    ("README.md", "](slides/decks/10-where-to-go-next.md)", "](slides/10-where-to-go-next.html)"),
    (
        "README.md",
        "| compare your answer with the solution | `cargo grader diff 1` (once your score is 100) |\n",
        "",
    ),
    ("grader/cli/Cargo.toml", "default = [\"bench\", \"maintain\"]", "default = [\"bench\"]"),
];

/// All files of the edition but its own list.
///
/// # Errors
///
/// A file is missing or cannot be read, or cargo or the slides cannot be run.
pub(super) fn files(checkout: &Checkout) -> Result<Files> {
    let mut texts = grader(checkout)?;
    texts.extend(labs(checkout)?);
    let mut files: Files =
        texts.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    for (path, bytes) in &files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().context("no folder")?)?;
        fs::write(path, bytes)?;
    }
    for lock in ["Cargo.lock", "grader/Cargo.lock"] {
        let lock = Path::new(lock);
        files.insert(lock.to_owned(), pruned_lock(&folder.path().join(lock))?);
    }
    let slides = folder.path().join("slides");
    build_slides(checkout, &slides)?;
    for path in files_below(&slides)? {
        let name = path.strip_prefix(folder.path())?.to_owned();
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        files.insert(name, bytes);
    }
    Ok(files)
}

/// The texts that students are meant to read: the grader, the starters, the sheets, the explanations and the slides.
///
/// # Errors
///
/// A file is missing or cannot be read.
pub(super) fn public_texts(checkout: &Checkout) -> Result<BTreeMap<PathBuf, String>> {
    let mut texts = grader(checkout)?;
    texts.extend(labs(checkout)?);
    for path in sources_below(&checkout.root().join("slides/decks"), &["md"])? {
        let mut text = checkout.read(&path)?;
        for line in text.clone().lines() {
            if let Some(what) = line.strip_prefix("{{#code ").and_then(|it| it.strip_suffix("}}")) {
                text += &shown_region(checkout, what)?;
            }
        }
        texts.insert(path, text);
    }
    Ok(texts)
}

/// The region `PATH:ANCHOR` that a slide shows openly.
fn shown_region(checkout: &Checkout, what: &str) -> Result<String> {
    let (path, anchor) =
        what.trim().rsplit_once(':').with_context(|| format!("no region: {what}"))?;
    let text = checkout.read(&checkout.root().join(path))?;
    let source = Source::parse(&text).with_context(|| path.to_owned())?;
    let lines = source.anchored(anchor).with_context(|| path.to_owned())?;
    Ok(lines.iter().map(|line| format!("{}\n", line.text)).collect())
}

/// The grader, the launcher and the files at the root, as the edition has them.
fn grader(checkout: &Checkout) -> Result<BTreeMap<PathBuf, String>> {
    let root = checkout.root();
    let mut paths: Vec<_> = FILES.iter().chain(&CUT).map(PathBuf::from).collect();
    paths.extend(REPLACED.map(|(path, ..)| PathBuf::from(path)));
    for name in CRATES {
        let folder = root.join("grader").join(name);
        paths.push(folder.join("Cargo.toml"));
        paths.extend(Some(folder.join("clippy.toml")).filter(|path| path.is_file()));
        paths.extend(sources_below(&folder.join("src"), &["css", "rs"])?);
    }
    paths.extend(sources_below(&root.join("grader/explanations"), &["md"])?);
    let mut texts = BTreeMap::new();
    for path in paths {
        let name = checkout.relative(&path).to_owned();
        if !MAINTAINERS.iter().any(|place| name.starts_with(place)) && !texts.contains_key(&name) {
            let text = edition_of(&name, checkout.read(&root.join(&name))?)?;
            texts.insert(name, text);
        }
    }
    Ok(texts)
}

/// What the edition has of the file `name`.
fn edition_of(name: &Path, mut text: String) -> Result<String> {
    if CUT.iter().any(|cut| name == Path::new(cut)) {
        let source = Source::parse(&text).with_context(|| name.display().to_string())?;
        let is_cut = |line: &Line<'_>| line.marker == Some(Marker::BeginHidden);
        ensure!(source.lines().iter().any(is_cut), "{} has no hidden part", name.display());
        text = source.starter().text;
    }
    for (file, from, to) in REPLACED {
        if name == Path::new(file) {
            let times = text.matches(from).count();
            ensure!(
                times > 0,
                "{file} does not contain {from:?}, which the student edition changes"
            );
            text = text.replace(from, to);
        }
    }
    Ok(text)
}

/// The labs as students begin them, whatever the copies in `labs/` contain now.
fn labs(checkout: &Checkout) -> Result<BTreeMap<PathBuf, String>> {
    let mut texts = BTreeMap::new();
    for lab in LABS {
        ensure!(
            checkout.solution(lab).is_some(),
            checkout.missing(lab, "solution", Path::new("solutions"))
        );
        let (starter, folder) = (checkout.starter(lab), checkout.lab(lab));
        for path in sources_below(&starter, &["rs", "toml"])? {
            let text = checkout.read(&path)?;
            let to = folder.join(path.strip_prefix(&starter)?);
            texts.insert(checkout.relative(&to).to_owned(), text.clone());
            texts.insert(checkout.relative(&path).to_owned(), text);
        }
        let sheet = folder.join("README.md");
        texts.insert(checkout.relative(&sheet).to_owned(), checkout.read(&sheet)?);
    }
    Ok(texts)
}

/// The lock file at `lock`, without what the workspace beside it does not use.
fn pruned_lock(lock: &Path) -> Result<Vec<u8>> {
    let mut cargo = Command::new(cargo());
    // Keeps every version, and downloads nothing.
    cargo.args(["update", "--quiet", "--workspace", "--offline"]);
    run(cargo.current_dir(lock.parent().context("no folder")?), "cargo update")?;
    Ok(read_text(lock)?.into_bytes())
}

/// Builds the slides in `folder`, without the answers to the labs.
fn build_slides(checkout: &Checkout, folder: &Path) -> Result<()> {
    let mut cargo = Command::new(cargo());
    cargo.args(["slides", "--no-open", "--without-answers", "--out"]).arg(folder);
    run(cargo.current_dir(checkout.root()), "cargo slides")
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn run(command: &mut Command, name: &str) -> Result<()> {
    engine::subject::build::without_package(command);
    // What cargo says appears at once: the first build of the slides takes minutes.
    let status = command.stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("cannot run {name}"))?;
    ensure!(status.success(), "{name} failed");
    Ok(())
}

/// The Rust files below `folder`.
pub(super) fn rust_files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    sources_below(folder, &["rs"])
}

/// All files below `folder`.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = || format!("cannot read {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let kind = entry.file_type().with_context(cannot)?;
        match kind.is_dir() {
            true => files.extend(files_below(&entry.path())?),
            false => files.push(entry.path()),
        }
    }
    files.sort();
    Ok(files)
}

/// The files below `folder` with one of these extensions: an editor's backup is not part of the course.
fn sources_below(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = files_below(folder)?;
    let is_source = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extensions.iter().any(|it| extension == *it))
    };
    files.retain(is_source);
    Ok(files)
}
