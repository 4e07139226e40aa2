//! Code out of the solutions, the misconceptions and the servers in other languages, and what the grader says of them.
//!
//! A region of a file stands between `// ANCHOR: name` and `// ANCHOR_END: name`. Other anchors and the marks of
//! `cargo grader sync` inside of it are left out, and what all lines are indented by.

use std::fs;
use std::path::Path;

use crate::Problem;

/// So many lines fit on a slide beside a sentence.
pub const MOST_LINES: usize = 18;
/// So wide a line fits on a slide.
pub const MOST_COLUMNS: usize = 84;

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    pub text: String,
    /// Whether any of it is what a student is to write.
    pub is_answer: bool,
}

/// The region `anchor` of `path`, as seen from `root`.
///
/// # Errors
///
/// No such file or region, more than one, an empty one, or one that does not fit on a slide.
pub fn region(root: &Path, path: &str, anchor: &str) -> Result<Excerpt, Problem> {
    let text = read(root, path)?;
    let wrong = |line: usize, what: String| Problem::new(path, line, what);
    let mut inside = None;
    let mut is_answer = false;
    let mut taken = Vec::new();
    let mut found_at = 0;
    let mut hidden = false;
    for (number, line) in (1..).zip(text.lines()) {
        let mark = mark_of(line);
        if let Some(name) = mark.strip_prefix("ANCHOR: ") {
            if name.trim() == anchor {
                if found_at > 0 {
                    return Err(wrong(number, format!("a second region `{anchor}`")));
                }
                (found_at, inside) = (number, Some(number));
            }
        } else if let Some(name) = mark.strip_prefix("ANCHOR_END: ") {
            if name.trim() == anchor {
                inside = None;
            }
        } else if mark.starts_with("BEGIN SOLUTION") || mark.starts_with("BEGIN HIDDEN") {
            hidden = true;
        } else if mark.starts_with("END SOLUTION") || mark.starts_with("END HIDDEN") {
            hidden = false;
        } else if inside.is_some() {
            taken.push((number, line));
            is_answer |= hidden && !line.trim().is_empty();
        }
    }
    if found_at == 0 {
        return Err(wrong(1, format!("no region `{anchor}` (// ANCHOR: {anchor})")));
    }
    if let Some(begin) = inside {
        return Err(wrong(begin, format!("the region `{anchor}` does not end")));
    }
    let is_empty = |&(_, line): &(usize, &str)| line.trim().is_empty();
    let begin = taken.iter().position(|line| !is_empty(line));
    let Some(begin) = begin else {
        return Err(wrong(found_at, format!("the region `{anchor}` is empty")));
    };
    let end = taken.iter().rposition(|line| !is_empty(line)).unwrap_or(begin);
    let lines = &taken[begin..=end];
    let indent = |line: &str| line.len() - line.trim_start().len();
    let least = lines.iter().filter(|line| !is_empty(line)).map(|(_, line)| indent(line)).min();
    let least = least.unwrap_or(0);
    let shown: Vec<_> =
        lines.iter().map(|&(number, line)| (number, line.get(least..).unwrap_or(""))).collect();
    fits(path, &shown)?;
    let text = shown.iter().map(|(_, line)| format!("{line}\n")).collect();
    Ok(Excerpt { text, is_answer })
}

/// What stands in a comment.
fn mark_of(line: &str) -> &str {
    line.trim().trim_start_matches(['/', '#', '*']).trim()
}

/// Where regions begin in all files below `root` that code may come from: path, line and name.
///
/// # Errors
///
/// A file or folder that cannot be read.
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
                for (number, line) in (1..).zip(read(root, &path)?.lines()) {
                    if let Some(name) = mark_of(line).strip_prefix("ANCHOR: ") {
                        found.push((path.clone(), number, name.trim().to_owned()));
                    }
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What the grader says of a misconception, `lab/name`: the first line, and of the rest the parts with the given
/// headings, or all. Where luck decides which of several texts it is, the one that is kept first.
///
/// # Errors
///
/// No such misconception, no such part, or more than fits on a slide.
pub fn report(root: &Path, name: &str, parts: &[&str]) -> Result<String, Problem> {
    let path = format!("grader/misconceptions/{name}.txt");
    let texts = read(root, &path)?;
    let text = texts.find("\n✗ ").map_or(&*texts, |end| &texts[..=end]);
    if parts.is_empty() {
        return Ok(text.to_owned());
    }
    let lines: Vec<_> = (1..).zip(text.lines()).collect();
    let mut shown = Vec::new();
    for part in parts {
        let is_heading = |line: &str| line.strip_prefix("  ").is_some_and(|line| line == *part);
        let Some(begin) = lines.iter().position(|(_, line)| is_heading(line)) else {
            return Err(Problem::new(path, 1, format!("no part `{part}` in this report")));
        };
        let rest = &lines[begin + 1..];
        let length = rest.iter().take_while(|(_, line)| line.starts_with("    ")).count();
        shown.extend_from_slice(&lines[begin..=begin + length]);
    }
    // The rule that was broken comes before what was done.
    let title = lines.iter().take_while(|(_, line)| *line != "  What was done");
    let mut all: Vec<_> = title.copied().collect();
    all.extend(shown);
    fits(&path, &all)?;
    Ok(all.iter().map(|(_, line)| format!("{line}\n")).collect())
}

/// Where code on slides may come from: what the grader runs.
const SOURCES: [&str; 3] = ["solutions", "grader/misconceptions", "grader/tests/foreign"];

fn read(root: &Path, path: &str) -> Result<String, Problem> {
    let wrong = |what: &str| Problem::new(path, 1, what);
    let unreadable = |error: std::io::Error| wrong(&error.to_string());
    if !SOURCES.iter().any(|source| Path::new(path).starts_with(source)) {
        return Err(wrong(&format!("code comes from {}", SOURCES.join(", "))));
    }
    let file = root.join(path).canonicalize().map_err(unreadable)?;
    if !file.starts_with(root.canonicalize().map_err(unreadable)?) {
        return Err(wrong("this is outside of the repository"));
    }
    fs::read_to_string(file).map_err(unreadable)
}

/// Whether these lines fit on a slide.
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
            let what = "mdBook does not show a line of Rust that begins with `# `";
            return Err(Problem::new(path, *number, what.to_owned()));
        }
    }
    Ok(())
}
