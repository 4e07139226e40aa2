//! The syntax of a line of OpenMetrics text 1.0.0.

use crate::format::Format;
use crate::lexer::Cursor;
use crate::line::{Keyword, Line, Metadata};
use crate::model::{Labels, Sample};
use crate::text::{bail, is_blank, number, shown, want_number};

/// Parses the line `number`, counted from 1. Errors are the texts of faults.
pub(crate) fn parse(text: &str, number: usize) -> Result<Line<'_>, String> {
    match text {
        "# EOF" => Ok(Line::Eof),
        "" => Ok(Line::Empty),
        _ if text.starts_with('#') => metadata(text),
        _ => sample(text, number).map(Line::Sample),
    }
}

fn metadata(text: &str) -> Result<Line<'_>, String> {
    let mut cursor = Cursor::new(text.strip_prefix("# ").unwrap_or(""), Format::OpenMetrics);
    let Some(keyword) = Keyword::parse(cursor.word()) else {
        bail!(
            "{}: OpenMetrics has no comments, only `# HELP `, `# TYPE ` and `# UNIT ` lines, and \
             `# EOF` at the end with nothing after it",
            shown(text)
        );
    };
    let name = keyword.name();
    cursor.space("the metric name")?;
    let family = cursor.metric_name(&format!("the metric name of a {name} line"))?;
    if !cursor.eat(" ") {
        let what = match keyword {
            Keyword::Help => "text",
            Keyword::Type => "type",
            Keyword::Unit => "unit",
        };
        let rest = cursor.rest();
        let found = if rest.is_empty() { "nothing".to_owned() } else { shown(rest) };
        bail!("{found} after the name: expected `# {name} {family} {what}`");
    }
    Ok(Line::Metadata(Metadata { keyword, family, content: cursor.rest() }))
}

fn sample(text: &str, line: usize) -> Result<Sample, String> {
    let mut cursor = Cursor::new(text, Format::OpenMetrics);
    let name = cursor.metric_name("a metric name")?.to_owned();
    if cursor.rest().starts_with(" {") {
        bail!("a space before `{{`: OpenMetrics allows none");
    }
    let labels = if cursor.eat("{") { cursor.labels()? } else { Labels::new() };
    cursor.space("the value")?;
    let value = want_number("the value", cursor.word())?;
    let mut sample = Sample { line, name, labels, value, timestamp: None };
    if !cursor.rest().starts_with(" #") {
        sample.timestamp = timestamp(&mut cursor)?;
    }
    if !cursor.rest().is_empty() {
        exemplar(&mut cursor, &sample)?;
    }
    cursor.end()?;
    Ok(sample)
}

/// Takes a space and a time in seconds, unless the line ends here.
fn timestamp(cursor: &mut Cursor<'_>) -> Result<Option<f64>, String> {
    if is_blank(cursor.rest()) {
        return cursor.end().map(|()| None);
    }
    cursor.space("a timestamp")?;
    let word = cursor.word();
    match number(word).filter(|value| value.is_finite()) {
        Some(value) => Ok(Some(value)),
        None => Err(format!("the timestamp {} is not a number of seconds", shown(word))),
    }
}

/// Takes the exemplar of `sample`: ` # {labels} value [timestamp]`.
fn exemplar(cursor: &mut Cursor<'_>, sample: &Sample) -> Result<(), String> {
    const MAX_CHARACTERS: usize = 128;
    const WANT: &str = "expected ` # {label=\"value\"} number` and optionally a timestamp";
    if !cursor.eat(" # {") {
        if cursor.rest().starts_with(" #") {
            bail!("{} as an exemplar: {WANT}", shown(cursor.rest()));
        }
        return cursor.end();
    }
    let name = &sample.name;
    // Like promtool, this judges by the name alone.
    if !name.ends_with("_bucket") && !name.ends_with("_total") {
        bail!("an exemplar for {name}: OpenMetrics allows them only for _bucket and _total");
    }
    let within = |text| format!("in the exemplar: {text}");
    let labels = cursor.labels().map_err(within)?;
    let length: usize = labels.iter().map(|(k, v)| k.chars().count() + v.chars().count()).sum();
    if length > MAX_CHARACTERS {
        bail!(
            "the exemplar's labels have {length} characters: expected at most {MAX_CHARACTERS}, names \
             and values together"
        );
    }
    cursor.space("a value").map_err(within)?;
    let value = want_number("the exemplar's value", cursor.word())?;
    timestamp(cursor).map_err(within)?;
    let bound = sample.labels.get("le").filter(|_| name.ends_with("_bucket"));
    if let Some(le) = bound
        && number(le).is_some_and(|bound| value > bound)
    {
        bail!("the exemplar's value {value} is not in the bucket with le=\"{le}\"");
    }
    Ok(())
}
