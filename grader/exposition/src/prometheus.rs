//! The syntax of a line of Prometheus text 0.0.4.

use crate::format::Format;
use crate::lexer::Cursor;
use crate::line::{Keyword, Line, Metadata};
use crate::model::{Labels, Sample};
use crate::text::{BLANKS, bail, shown, want_number};

/// Parses the line `number`, counted from 1. Errors are the texts of faults.
pub(crate) fn parse(text: &str, number: usize) -> Result<Line<'_>, String> {
    match text.trim_start_matches(BLANKS) {
        "" => Ok(Line::Ignored),
        rest if rest.starts_with('#') => comment(text),
        _ => sample(text, number).map(Line::Sample),
    }
}

/// A line that begins with `#`: metadata or a comment.
fn comment(text: &str) -> Result<Line<'_>, String> {
    let mut cursor = Cursor::new(text, Format::Prometheus);
    cursor.skip();
    cursor.eat("#");
    cursor.skip();
    // As in promtool, `#TYPE` without a space is not a comment either.
    let keyword = match Keyword::parse(cursor.word()) {
        Some(keyword @ (Keyword::Help | Keyword::Type)) => keyword,
        Some(Keyword::Unit) | None => return Ok(Line::Ignored),
    };
    cursor.skip();
    let name = keyword.name();
    let family = cursor.metric_name(&format!("the metric name of a {name} line"))?;
    if cursor.rest().starts_with('{') {
        bail!("labels in a {name} line: expected only the metric name");
    }
    cursor.skip();
    let content = match keyword {
        Keyword::Type => cursor.rest().trim_end_matches(BLANKS),
        Keyword::Help | Keyword::Unit => cursor.rest(),
    };
    Ok(Line::Metadata(Metadata { keyword, family, content }))
}

fn sample(text: &str, line: usize) -> Result<Sample, String> {
    let mut cursor = Cursor::new(text, Format::Prometheus);
    cursor.skip();
    let name = cursor.metric_name("a metric name")?.to_owned();
    cursor.skip();
    let labels = if cursor.eat("{") { cursor.labels()? } else { Labels::new() };
    // The specification requires blanks only where two words would merge, so not after a brace.
    cursor.skip();
    let value = want_number("the value", cursor.word())?;
    cursor.skip();
    let timestamp = timestamp(cursor.word())?;
    // The specification ignores trailing blanks, although promtool refuses them.
    cursor.skip();
    cursor.end()?;
    Ok(Sample { line, name, labels, value, timestamp })
}

/// The word after the value, if there is one, in seconds.
fn timestamp(word: &str) -> Result<Option<f64>, String> {
    if word.is_empty() {
        return Ok(None);
    }
    if word.starts_with('#') {
        bail!(
            "{} after the value: Prometheus text has no exemplars, and a comment needs its own \
             line",
            shown(word)
        );
    }
    match word.parse::<i64>() {
        Ok(millis) => Ok(Some(millis as f64 / 1e3)),
        Err(_) => {
            Err(format!("the timestamp {} is not a whole number of milliseconds", shown(word)))
        }
    }
}
