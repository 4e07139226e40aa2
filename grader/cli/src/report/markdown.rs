//! Markdown in a terminal: paragraphs, lists and the rows of tables are wrapped, code stays as it is.

use std::io::{self, Write};

use textwrap::wrap;

use super::terminal::wrap_options;

/// The text below the heading that begins with `title`, up to the next heading.
pub(crate) fn section<'t>(markdown: &'t str, title: &str) -> Option<&'t str> {
    let is_heading = |line: &str| line.starts_with('#');
    let mut fenced = false;
    let (mut begin, mut offset) = (None, 0);
    for line in markdown.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced && is_heading(line) {
            if let Some(begin) = begin {
                return Some(&markdown[begin..offset]);
            }
            let is_it = line.trim_start_matches('#').trim_start().starts_with(title);
            begin = is_it.then_some(offset + line.len());
        }
        offset += line.len();
    }
    begin.map(|begin| &markdown[begin..])
}

/// Writes `markdown` in `width` columns, each line after `indent`, without marks of emphasis.
pub(crate) fn write_markdown(
    out: &mut dyn Write,
    markdown: &str,
    width: usize,
    indent: &str,
) -> io::Result<()> {
    let mut paragraph = String::new();
    let mut fenced = false;
    for line in markdown.trim_matches('\n').lines() {
        let text = line.trim();
        let is_fence = text.starts_with("```");
        if fenced || is_fence || text.is_empty() || begins_item(text) || text.starts_with('|') {
            write_paragraph(out, &paragraph, width, indent)?;
            paragraph.clear();
        }
        if is_fence {
            fenced = !fenced;
        } else if fenced {
            writeln!(out, "{indent}  {line}")?;
        } else if text.is_empty() {
            writeln!(out)?;
        } else if text.starts_with('|') {
            let cells = text.trim_matches('|').split(" | ").map(str::trim);
            let cells: Vec<_> = cells.filter(|cell| !cell.is_empty()).collect();
            if !text.starts_with("|---") {
                write_paragraph(out, &format!("- {}", cells.join(" · ")), width, indent)?;
            }
        } else {
            if !paragraph.is_empty() {
                // A label in emphasis begins a new line.
                let is_label = text.starts_with('*') && text.contains(":*");
                paragraph.push(if is_label { '\n' } else { ' ' });
            }
            paragraph += text;
        }
    }
    write_paragraph(out, &paragraph, width, indent)
}

/// Whether `text` begins an item of a list.
fn begins_item(text: &str) -> bool {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    text.starts_with("- ") || digits > 0 && text[digits..].starts_with(". ")
}

fn write_paragraph(out: &mut dyn Write, text: &str, width: usize, indent: &str) -> io::Result<()> {
    for text in text.lines() {
        let rest = if begins_item(text) { format!("{indent}  ") } else { indent.to_owned() };
        let options = wrap_options(width).initial_indent(indent).subsequent_indent(&rest);
        for line in wrap(&without_emphasis(text), options) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// `text` without the asterisks of emphasis. In code, between backticks, they stay.
fn without_emphasis(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(index, part)| match index % 2 {
        0 => part.replace('*', ""),
        _ => format!("`{part}`"),
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEET: &str = "\
# Lab

## Tasks

```sh
# not a heading
```

### Task 1 (core): one

First.

- an item that is long enough
  to be wrapped

```rust
let code = 1 * 2;
```

### Task 2 (core): two

Second with *emphasis* and `a * b`.
*Turns green:* `x`.

| step | then |
|---|---|
| 1 | look |
";

    fn written(text: &str, width: usize) -> String {
        let mut out = Vec::new();
        write_markdown(&mut out, text, width, "").expect("memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_section_ends_at_the_next_heading() {
        let first = section(SHEET, "Task 1 ").expect("a section");
        assert!(
            first.contains("First.") && first.contains("let code") && !first.contains("Second")
        );
        assert!(section(SHEET, "Tasks").is_some_and(|text| text.contains("# not a heading")));
        assert_eq!(section(SHEET, "Task 3 "), None);
    }

    #[test]
    fn paragraphs_are_wrapped_and_code_is_not() {
        let text = written(section(SHEET, "Task 1 ").expect("a section"), 20);
        assert!(text.contains("- an item that is\n  long enough to be\n  wrapped\n"), "{text}");
        assert!(text.contains("  let code = 1 * 2;\n"), "{text}");
        let text = written(section(SHEET, "Task 2 ").expect("a section"), 80);
        assert!(text.contains("Second with emphasis and `a * b`.\nTurns green: `x`.\n"), "{text}");
        assert!(text.ends_with("- step · then\n- 1 · look\n"), "{text}");
    }
}
