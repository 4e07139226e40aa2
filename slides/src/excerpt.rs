//! Code from the solutions, the misconceptions and the programs in other languages, and the grader's reports.
//!
//! A region of a file (see [`course::regions`]) is shown without the markers inside it, and without the common
//! indentation of its lines.

use std::fs;
use std::path::Path;

use course::regions::{Line, Part, Source};

use crate::Problem;

/// How many lines of code fit on a slide with a sentence.
pub const MOST_LINES: usize = 18;
/// How many columns fit on a slide.
pub const MOST_COLUMNS: usize = 84;

/// An excerpt of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    pub text: String,
    /// Whether it contains code that students write themselves.
    pub is_answer: bool,
}

/// The region `anchor` of `path`, which is relative to `root`.
///
/// # Errors
///
/// The file or region does not exist, or the region is ambiguous, empty or too large for a slide.
pub fn region(root: &Path, path: &str, anchor: &str) -> Result<Excerpt, Problem> {
    let text = read(root, path)?;
    let at = |error| Problem::at(path, error);
    let code = Source::parse(&text).map_err(at)?.anchored(anchor).map_err(at)?;
    let is_blank = |line: &Line<'_>| line.text.trim().is_empty();
    let begin = code.iter().position(|line| !is_blank(line)).unwrap_or(0);
    let end = code.iter().rposition(|line| !is_blank(line)).map_or(0, |last| last + 1);
    let lines = &code[begin..end];
    let indent = |line: &Line<'_>| line.text.len() - line.text.trim_start().len();
    let least = lines.iter().filter(|line| !is_blank(line)).map(indent).min().unwrap_or(0);
    let shown: Vec<_> =
        lines.iter().map(|line| (line.number, line.text.get(least..).unwrap_or(""))).collect();
    fits(path, &shown)?;
    let text = shown.iter().map(|(_, line)| format!("{line}\n")).collect();
    let is_answer = lines.iter().any(|line| line.part != Part::Given && !is_blank(line));
    Ok(Excerpt { text, is_answer })
}

/// All regions in the files below `root` from which slides may take code: path, first line and name.
///
/// # Errors
///
/// A file or folder cannot be read, or a marker is malformed.
pub fn regions(root: &Path) -> Result<Vec<(String, usize, String)>, Problem> {
    let mut found = Vec::new();
    let mut folders = SOURCES.map(str::to_owned).to_vec();
    while let Some(folder) = folders.pop() {
        let unreadable = |error: std::io::Error| Problem::new(&folder, 1, error.to_string());
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if [".rs", ".py", ".c"].iter().any(|end| path.ends_with(end)) {
                let text = read(root, &path)?;
                let source = Source::parse(&text).map_err(|error| Problem::at(&path, error))?;
                let anchors = source.anchors();
                found.extend(anchors.map(|(line, name)| (path.clone(), line, name.to_owned())));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The grader's report on a misconception, `lab/name`: the title and the parts with the given headings, or everything
/// if there are none. It is the report of a real run, with that run's numbers.
///
/// # Errors
///
/// The report or a part does not exist, or is too large for a slide.
pub fn report(root: &Path, name: &str, parts: &[&str]) -> Result<String, Problem> {
    let path = format!("grader/misconceptions/{name}.report");
    let text = read(root, &path)?;
    if parts.is_empty() {
        return Ok(text);
    }
    let lines: Vec<_> = (1..).zip(text.lines()).collect();
    let mut shown = Vec::new();
    for part in parts {
        let is_heading = |line: &str| line.strip_prefix("  ").is_some_and(|line| line == *part);
        let Some(begin) = lines.iter().position(|(_, line)| is_heading(line)) else {
            return Err(Problem::new(path, 1, format!("this report has no part `{part}`")));
        };
        let rest = &lines[begin + 1..];
        let length = rest.iter().take_while(|(_, line)| line.starts_with("    ")).count();
        shown.extend_from_slice(&lines[begin..=begin + length]);
    }
    // The title is the broken rule, which precedes the steps.
    let title = lines.iter().take_while(|(_, line)| *line != "  What the grader did");
    let mut all: Vec<_> = title.copied().collect();
    all.extend(shown);
    fits(&path, &all)?;
    Ok(all.iter().map(|(_, line)| format!("{line}\n")).collect())
}

/// The folders from which slides may take code: the grader runs everything in them.
const SOURCES: [&str; 3] = ["solutions", "grader/misconceptions", "grader/foreign"];

fn read(root: &Path, path: &str) -> Result<String, Problem> {
    let wrong = |what: &str| Problem::new(path, 1, what);
    let unreadable = |error: std::io::Error| wrong(&error.to_string());
    if !SOURCES.iter().any(|source| Path::new(path).starts_with(source)) {
        return Err(wrong(&format!("code must come from {}", SOURCES.join(", "))));
    }
    let file = root.join(path).canonicalize().map_err(unreadable)?;
    if !file.starts_with(root.canonicalize().map_err(unreadable)?) {
        return Err(wrong("this file is outside the repository"));
    }
    fs::read_to_string(file).map_err(unreadable)
}

/// Makes sure that these lines fit on a slide.
fn fits(path: &str, lines: &[(usize, &str)]) -> Result<(), Problem> {
    let first = lines.first().map_or(1, |(number, _)| *number);
    if lines.len() > MOST_LINES {
        let what = format!("{} lines: at most {MOST_LINES} fit on a slide", lines.len());
        return Err(Problem::new(path, first, what));
    }
    for (number, line) in lines {
        let columns = line.chars().count();
        if columns > MOST_COLUMNS {
            let what = format!("{columns} columns: at most {MOST_COLUMNS} fit on a slide");
            return Err(Problem::new(path, *number, what));
        }
        if path.ends_with(".rs") && (*line == "#" || line.starts_with("# ")) {
            let what = "mdBook hides a line of Rust that begins with `# `";
            return Err(Problem::new(path, *number, what.to_owned()));
        }
    }
    Ok(())
}
