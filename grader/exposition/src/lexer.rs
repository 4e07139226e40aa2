//! Splits a line from left to right into names, labels, words and separators.

use crate::format::Format;
use crate::model::Labels;
use crate::text::{BLANKS, bail, is_blank, shown};

/// A position in a line. Errors are the texts of faults.
pub(crate) struct Cursor<'t> {
    rest: &'t str,
    format: Format,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str, format: Format) -> Self {
        Self { rest: text, format }
    }

    /// What has not been taken yet.
    pub(crate) fn rest(&self) -> &'t str {
        self.rest
    }

    /// Takes `token` if it comes next.
    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let after = self.rest.strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Takes all characters before the first that is not `wanted`.
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Skips what may separate two tokens: blanks in Prometheus text, nothing in OpenMetrics.
    pub(crate) fn skip(&mut self) {
        if self.format == Format::Prometheus {
            self.take(|c| BLANKS.contains(&c));
        }
    }

    /// Takes the one space that OpenMetrics requires between two words. `before` says what should
    /// follow.
    pub(crate) fn space(&mut self, before: &str) -> Result<(), String> {
        match self.take(|c| BLANKS.contains(&c)) {
            " " => Ok(()),
            "" if self.rest.is_empty() => {
                Err(format!("the line ends where a space and {before} should be"))
            }
            "" => Err(format!("{} where a space and {before} should be", shown(self.rest))),
            gap => Err(format!(
                "{} before {before}: OpenMetrics requires exactly one space, not a tab",
                shown(gap)
            )),
        }
    }

    /// Takes everything up to the next blank.
    pub(crate) fn word(&mut self) -> &'t str {
        self.take(|c| !BLANKS.contains(&c))
    }

    /// Takes the name of a metric, which may contain colons. `what` is its role in the line.
    pub(crate) fn metric_name(&mut self, what: &str) -> Result<&'t str, String> {
        self.name(what, true)
    }

    fn name(&mut self, what: &str, is_metric: bool) -> Result<&'t str, String> {
        let all = self.rest;
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (is_metric && c == ':');
        let name = self.take(fits);
        let ends = if is_metric { " \t{" } else { " \t=\",}" };
        let is_end = self.rest.is_empty() || self.rest.starts_with(|c| ends.contains(c));
        if is_end && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(name);
        }
        let end = all.find(|c| ends.contains(c)).unwrap_or(all.len());
        let colon = if is_metric { ", _ and :" } else { " and _" };
        let want = format!("expected ASCII letters, digits{colon}, but no digit first");
        match &all[..end] {
            "" if all.is_empty() => Err(format!("the line ends where {what} should be")),
            "" => Err(format!("{} where {what} should be: {want}", shown(all))),
            bad => Err(format!("{} as {what}: {want}", shown(bad))),
        }
    }

    /// Takes the labels after the opening brace, and the closing brace.
    pub(crate) fn labels(&mut self) -> Result<Labels, String> {
        let mut labels = Labels::new();
        self.skip();
        if self.eat("}") {
            return Ok(labels);
        }
        loop {
            self.skip();
            let (name, value) = self.label()?;
            if labels.insert(name.to_owned(), value).is_some() {
                bail!("the label {name} occurs twice");
            }
            self.skip();
            let comma = self.eat(",");
            if comma {
                self.skip();
                if self.format == Format::OpenMetrics && self.rest.starts_with('}') {
                    bail!("`,}}`: OpenMetrics allows no comma after the last label");
                }
            }
            if self.eat("}") {
                return Ok(labels);
            }
            if !comma {
                let found = if self.rest.is_empty() {
                    "the end of the line".to_owned()
                } else {
                    shown(self.rest)
                };
                bail!("{found} after the value of label {name}: expected , or }}");
            }
        }
    }

    /// Takes one label: its name, `=` and its value in quotes.
    fn label(&mut self) -> Result<(&'t str, String), String> {
        let name = self.name("a label name", false).map_err(|text| {
            if self.rest.is_empty() { format!("{text}; is the `}}` missing?") } else { text }
        })?;
        self.skip();
        if !self.eat("=") {
            bail!("{} after the label name {}: expected =", shown(self.rest), shown(name));
        }
        self.skip();
        if !self.eat("\"") {
            bail!(
                "the value of label {name} begins with {}: expected double quotes",
                shown(self.rest)
            );
        }
        let value = self.quoted(name)?;
        // OpenMetrics does not mention this label, but Prometheus would read it as a second name, so it is refused in
        // both formats.
        if name == "__name__" {
            bail!("the label __name__ is reserved for the metric's name");
        }
        Ok((name, value))
    }

    /// Takes a label's value after the opening quote, and the closing quote.
    fn quoted(&mut self, label: &str) -> Result<String, String> {
        let mut escaped = false;
        let end = self.rest.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = end else {
            bail!(
                "the value of label {label} has no closing quote in its line: {} (write a quote in \
                 it as \\\" and a newline as \\n)",
                shown(self.rest)
            );
        };
        let value = unescaped(&self.rest[..end], self.format, true)
            .map_err(|text| format!("the value of label {label} has {text}"))?;
        self.rest = &self.rest[end + 1..];
        Ok(value)
    }

    /// Expects the end of the line.
    pub(crate) fn end(&self) -> Result<(), String> {
        match self.rest {
            "" => Ok(()),
            rest if is_blank(rest) => {
                Err(format!("{} at the end of the line: expected nothing there", shown(rest)))
            }
            rest => Err(format!("{} where the line should end", shown(rest))),
        }
    }
}

/// Replaces the escapes in a label's value or a HELP text.
///
/// Prometheus text has `\\` and `\n`, and in labels also `\"`; it refuses others. In OpenMetrics, a backslash before
/// another character stands for itself. Its grammar requires escaped quotes in HELP texts, but Prometheus also reads
/// unescaped ones, so they are not a fault.
pub(crate) fn unescaped(text: &str, format: Format, is_label: bool) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('\\') => out.push('\\'),
            Some('"') if is_label || format == Format::OpenMetrics => out.push('"'),
            Some(other) if format == Format::OpenMetrics => out.extend(['\\', other]),
            // Only in a HELP text can a backslash be the last character. promtool accepts it.
            None if format == Format::OpenMetrics => out.push('\\'),
            other => {
                let found: String = ['\\'].into_iter().chain(other).collect();
                let quote = if is_label { ", \\\"" } else { "" };
                bail!("the escape {}: expected \\\\{quote} or \\n", shown(&found));
            }
        }
    }
    Ok(out)
}
