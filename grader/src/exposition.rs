//! What a server answers to `GET /metrics`, read strictly: Prometheus text 0.0.4 and OpenMetrics
//! text 1.0.0.
//!
//! Reading goes on after a mistake: a line that is wrong is a [`Fault`] and left out, the samples
//! of the others are there. [`Reader::line`] takes the lines one by one and knows syntax, names and
//! order; [`Reader::points`] looks afterwards at the samples that belong together, and knows what
//! histograms, summaries and counters must have.
//!
//! What a specification says in so many words counts; where it leaves doubt, what Prometheus does
//! (`promtool`). Such places say so. Labels and families whose names begin with an underscore are
//! reserved in both formats and refused by no reader, so they are allowed here (but `__name__`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Returns an error with this text.
macro_rules! fail {
    ($($text:tt)*) => {
        return Err(format!($($text)*))
    };
}

/// Label names with their values.
pub type Labels = BTreeMap<String, String>;

/// The two formats that exist in plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Prometheus,
    OpenMetrics,
}

impl Format {
    /// The format that a Content-Type header announces.
    ///
    /// # Errors
    ///
    /// What is wrong with the header, for a report: missing, another type, version or charset.
    pub fn of(content_type: Option<&str>) -> Result<Self, String> {
        const WANT: &str = "want text/plain; version=0.0.4 (Prometheus) or \
                            application/openmetrics-text; version=1.0.0 (OpenMetrics)";
        let Some(header) = content_type else {
            fail!("the answer has no Content-Type: {WANT}");
        };
        let mut parts = header.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (format, versions): (_, &[&str]) = match media.as_str() {
            "text/plain" => (Self::Prometheus, &["0.0.4"]),
            "application/openmetrics-text" => (Self::OpenMetrics, &["1.0.0", "0.0.1"]),
            _ => return Err(format!("the Content-Type is {}: {WANT}", shown(header))),
        };
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim().trim_matches('"');
            let key = key.trim().to_ascii_lowercase();
            if key == "version" && !versions.contains(&value) {
                fail!(
                    "the Content-Type {} has version {}: want version={}",
                    shown(header),
                    shown(value),
                    versions[0]
                );
            }
            if key == "charset" && !value.eq_ignore_ascii_case("utf-8") {
                fail!(
                    "the Content-Type {} has charset {}: both formats are utf-8",
                    shown(header),
                    shown(value)
                );
            }
        }
        Ok(format)
    }

    /// As people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "Prometheus text",
            Self::OpenMetrics => "OpenMetrics",
        }
    }

    /// The words that may stand in a TYPE line.
    fn kinds(self) -> &'static [(&'static str, Kind)] {
        match self {
            Self::Prometheus => &[
                ("counter", Kind::Counter),
                ("gauge", Kind::Gauge),
                ("histogram", Kind::Histogram),
                ("summary", Kind::Summary),
                ("untyped", Kind::Unknown),
            ],
            Self::OpenMetrics => &[
                ("counter", Kind::Counter),
                ("gauge", Kind::Gauge),
                ("histogram", Kind::Histogram),
                ("gaugehistogram", Kind::GaugeHistogram),
                ("stateset", Kind::StateSet),
                ("info", Kind::Info),
                ("summary", Kind::Summary),
                ("unknown", Kind::Unknown),
            ],
        }
    }
}

/// What a TYPE line says about a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
    /// `untyped` in Prometheus text, `unknown` in OpenMetrics.
    Unknown,
    Info,
    StateSet,
    GaugeHistogram,
}

impl Kind {
    /// The word in the TYPE line.
    #[must_use]
    pub fn name(self, format: Format) -> &'static str {
        let known = format.kinds().iter().find(|(_, kind)| *kind == self);
        known.map_or("untyped", |(name, _)| name)
    }

    /// What is added to the family's name to make the names of its samples.
    fn suffixes(self, format: Format) -> &'static [&'static str] {
        match (format, self) {
            (Format::Prometheus, Self::Histogram) => &["_bucket", "_sum", "_count"],
            (Format::Prometheus, Self::Summary) => &["", "_sum", "_count"],
            (Format::OpenMetrics, Self::Histogram) => &["_bucket", "_sum", "_count", "_created"],
            (Format::OpenMetrics, Self::Summary) => &["", "_sum", "_count", "_created"],
            (Format::OpenMetrics, Self::GaugeHistogram) => &["_bucket", "_gsum", "_gcount"],
            (Format::OpenMetrics, Self::Counter) => &["_total", "_created"],
            (Format::OpenMetrics, Self::Info) => &["_info"],
            _ => &[""],
        }
    }

    /// The label that tells the samples of one point apart, if there is one.
    fn inner_label(self, family: &str, suffix: &str) -> Option<String> {
        match (self, suffix) {
            (Self::Histogram | Self::GaugeHistogram, "_bucket") => Some("le".to_owned()),
            (Self::Summary, "") => Some("quantile".to_owned()),
            (Self::StateSet, "") => Some(family.to_owned()),
            _ => None,
        }
    }
}

/// One line with a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Counted from 1.
    pub line: usize,
    pub name: String,
    /// Without escapes.
    pub labels: Labels,
    pub value: f64,
    /// In seconds since 1970; Prometheus text has milliseconds.
    pub timestamp: Option<f64>,
}

impl Sample {
    /// Its name with its labels, as both formats write it.
    #[must_use]
    pub fn series(&self) -> String {
        series(&self.name, &self.labels)
    }
}

/// What the metadata lines say about some samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// The first of its lines, counted from 1.
    pub line: usize,
    /// From the TYPE line; without one the type is unknown.
    pub kind: Option<Kind>,
    /// Without escapes; an empty text counts as none.
    pub help: Option<String>,
    /// Only in OpenMetrics.
    pub unit: Option<String>,
    /// The line of its first sample.
    first_sample: Option<usize>,
}

/// One place where an exposition is not as its format wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// What was found and what the format wants.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// So many faults of one exposition are kept.
const MOST_FAULTS: usize = 100;

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Exposition {
    /// In the order of the text.
    pub samples: Vec<Sample>,
    /// By name.
    pub families: BTreeMap<String, Family>,
    /// The earliest line first.
    pub faults: Vec<Fault>,
    /// Which family the samples of a name belong to.
    owners: BTreeMap<String, String>,
}

impl Exposition {
    /// Reads all that can be read; what is wrong is in `faults`. Any bytes will do.
    #[must_use]
    pub fn read(text: &[u8], format: Format) -> Self {
        let mut reader = Reader::new(format);
        reader.text(text);
        reader.points();
        let mut read = reader.out;
        read.faults.sort_by_key(|fault| fault.line);
        read
    }

    /// The value of the sample with this name and exactly these labels; of several (OpenMetrics
    /// allows more than one with growing timestamps) the last.
    #[must_use]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let is_it = |sample: &&Sample| sample.name == name && same(&sample.labels, labels, None);
        self.samples.iter().rev().find(is_it).map(|sample| sample.value)
    }

    /// The family that samples of this name belong to: `x_total` to the counter `x` in OpenMetrics,
    /// to the counter `x_total` in Prometheus text.
    #[must_use]
    pub fn family_of(&self, sample_name: &str) -> Option<&Family> {
        self.families.get(self.owners.get(sample_name)?)
    }

    /// All distinct names with their labels, as `name{label="value"}`.
    #[must_use]
    pub fn series(&self) -> BTreeSet<String> {
        self.samples.iter().map(Sample::series).collect()
    }

    /// The buckets of the histogram `name` with exactly these labels besides `le`: upper bounds and
    /// cumulative counts, in the order of the bounds.
    #[must_use]
    pub fn buckets(&self, name: &str, labels: &[(&str, &str)]) -> Vec<(f64, f64)> {
        let of_it = |sample: &&Sample| {
            sample.name.strip_suffix("_bucket") == Some(name)
                && same(&sample.labels, labels, Some("le"))
        };
        let bound = |sample: &Sample| Some((number(sample.labels.get("le")?)?, sample.value));
        let mut buckets: Vec<_> = self.samples.iter().filter(of_it).filter_map(bound).collect();
        buckets.sort_by(|one, two| one.0.total_cmp(&two.0));
        buckets
    }
}

/// Whether `labels` are these and no others, `but` one that does not count.
fn same(labels: &Labels, these: &[(&str, &str)], but: Option<&str>) -> bool {
    let others = labels.iter().filter(|(name, _)| Some(name.as_str()) != but);
    let these: BTreeMap<_, _> = these.iter().copied().collect();
    others.map(|(name, value)| (name.as_str(), value.as_str())).eq(these)
}

/// A name with its labels as both formats write it.
fn series(name: &str, labels: &Labels) -> String {
    let escaped =
        |value: &str| value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
    let pair = |(name, value): (&String, &String)| format!("{name}=\"{}\"", escaped(value));
    let inner: Vec<_> = labels.iter().map(pair).collect();
    if inner.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", inner.join(",")) }
}

/// A piece of the text for a report: in backticks, as quotes and backslashes are frequent in these
/// formats; what cannot be seen is escaped, what is long is cut.
fn shown(text: &str) -> String {
    const WIDTH: usize = 60;
    let mut out: String = text.chars().take(WIDTH).map(visible).collect();
    if text.chars().nth(WIDTH).is_some() {
        out.push('…');
    }
    format!("`{out}`")
}

/// A character, or its escape where it does not show.
fn visible(c: char) -> String {
    let hides = c.is_control() || c == '\u{feff}';
    if hides { c.escape_default().to_string() } else { c.to_string() }
}

/// A number as Go reads it and both formats mean it, or nothing. What is too large for 64 bits is
/// none, neither for Prometheus nor for OpenMetrics.
fn number(word: &str) -> Option<f64> {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    match unsigned.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => word.parse().ok(),
        "nan" if unsigned == word => Some(f64::NAN),
        digits if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            word.parse().ok().filter(|value: &f64| value.is_finite())
        }
        _ => None,
    }
}

/// As [`number`], with what to say where there is none.
fn want_number(what: &str, word: &str) -> Result<f64, String> {
    match number(word) {
        Some(value) => Ok(value),
        None if word.is_empty() => Err(format!("{what} is missing: want a number after one space")),
        None => Err(format!(
            "{what} {} is not a number: want one such as 3, 0.25, 1e-3, NaN, +Inf or -Inf",
            shown(word)
        )),
    }
}

/// One line from left to right.
struct Cursor<'t> {
    rest: &'t str,
    format: Format,
}

impl<'t> Cursor<'t> {
    fn eat(&mut self, token: char) -> bool {
        let after = self.rest.strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Takes all characters up to the first that is not `wanted`.
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Skips what may stand between any two tokens: in Prometheus text blanks and tabs, in
    /// OpenMetrics nothing.
    fn skip(&mut self) {
        if self.format == Format::Prometheus {
            self.take(|c| c == ' ' || c == '\t');
        }
    }

    /// Takes what separates two words: in Prometheus text any blanks and tabs, in OpenMetrics one
    /// space. `before` says what should follow.
    fn separator(&mut self, before: &str) -> Result<(), String> {
        let gap = self.take(|c| c == ' ' || c == '\t');
        match (self.format, gap) {
            (_, "") if self.rest.is_empty() => {
                Err(format!("the line ends where a space and {before} should come"))
            }
            (_, "") => Err(format!("{} where a space and {before} should come", shown(self.rest))),
            (Format::OpenMetrics, gap) if gap != " " => Err(format!(
                "{} before {before}: OpenMetrics wants one space there, no more and no tab",
                shown(gap)
            )),
            _ => Ok(()),
        }
    }

    fn word(&mut self) -> &'t str {
        self.take(|c| c != ' ' && c != '\t')
    }

    /// Takes a metric name (which may have colons) or a label name.
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
        let want = format!("want ASCII letters, digits{colon}, and no digit first");
        match &all[..end] {
            "" if all.is_empty() => Err(format!("the line ends where {what} should be")),
            "" => Err(format!("{} where {what} should be: {want}", shown(all))),
            bad => Err(format!("{} as {what}: {want}", shown(bad))),
        }
    }

    /// Takes the labels after the opening brace, with the closing one.
    fn labels(&mut self) -> Result<Labels, String> {
        let mut labels = Labels::new();
        self.skip();
        if self.eat('}') {
            return Ok(labels);
        }
        loop {
            self.skip();
            let name = self.name("a label name", false).map_err(|text| {
                if self.rest.is_empty() { format!("{text}; is the `}}` missing?") } else { text }
            })?;
            self.skip();
            if !self.eat('=') {
                fail!("{} after the label name {}: want =", shown(self.rest), shown(name));
            }
            self.skip();
            if !self.eat('"') {
                fail!(
                    "the value of label {name} begins with {}: want it in double quotes",
                    shown(self.rest)
                );
            }
            let value = self.quoted(name)?;
            // OpenMetrics does not name it, but Prometheus takes it for a second name: both refuse.
            if name == "__name__" {
                return Err("the label __name__ is reserved for the metric's name".to_owned());
            }
            if labels.insert(name.to_owned(), value).is_some() {
                fail!("the label {name} is there twice: want it once");
            }
            self.skip();
            let comma = self.eat(',');
            if comma {
                self.skip();
                if self.format == Format::OpenMetrics && self.rest.starts_with('}') {
                    return Err("`,}`: OpenMetrics allows no comma after the last label".to_owned());
                }
            }
            if self.eat('}') {
                return Ok(labels);
            }
            if !comma {
                let found = if self.rest.is_empty() {
                    "the end of the line".to_owned()
                } else {
                    shown(self.rest)
                };
                fail!("{found} after the value of label {name}: want , or }}");
            }
        }
    }

    /// Takes a label's value after the opening quote, with the closing one.
    fn quoted(&mut self, label: &str) -> Result<String, String> {
        let mut escaped = false;
        let end = self.rest.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = end else {
            fail!(
                "the value of label {label} has no closing quote in its line: {} (write a quote in \
                 it as \\\" and a line's end as \\n)",
                shown(self.rest)
            );
        };
        let value = unescaped(&self.rest[..end], self.format, true)
            .map_err(|text| format!("the value of label {label} has {text}"))?;
        self.rest = &self.rest[end + 1..];
        Ok(value)
    }

    /// Says what is left where the line should end.
    fn end(&self) -> Result<(), String> {
        match self.rest {
            "" => Ok(()),
            rest if rest.trim_matches([' ', '\t']).is_empty() => {
                Err(format!("{} at the end of the line: want nothing there", shown(rest)))
            }
            rest => Err(format!("{} where the line should end", shown(rest))),
        }
    }
}

/// `text` with its escapes replaced.
///
/// Prometheus text has `\\` and `\n`, in labels also `\"`, and refuses others. OpenMetrics lets a
/// backslash before another character stand for itself; its grammar wants quotes in HELP texts
/// escaped, but Prometheus reads them as they are, so that is no fault.
fn unescaped(text: &str, format: Format, is_label: bool) -> Result<String, String> {
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
            // As promtool: only the last character of a HELP text can be alone.
            None if format == Format::OpenMetrics => out.push('\\'),
            other => {
                let found: String = ['\\'].into_iter().chain(other).collect();
                let quote = if is_label { ", \\\"" } else { "" };
                fail!("the escape {}: want \\\\{quote} or \\n", shown(&found));
            }
        }
    }
    Ok(out)
}

/// What a line with a number says.
fn sample(text: &str, line: usize, format: Format) -> Result<Sample, String> {
    let mut cursor = Cursor { rest: text, format };
    cursor.skip();
    let name = cursor.name("a metric name", true)?;
    cursor.skip();
    let labels = if cursor.eat('{') {
        cursor.labels()?
    } else {
        if cursor.rest.starts_with(" {") {
            return Err("a space before `{`: OpenMetrics wants none".to_owned());
        }
        Labels::new()
    };
    // The specification has blanks only where two words would merge: not after a brace.
    match format {
        Format::Prometheus => cursor.skip(),
        Format::OpenMetrics => cursor.separator("the value")?,
    }
    let value = want_number("the value", cursor.word())?;
    let mut sample = Sample { line, name: name.to_owned(), labels, value, timestamp: None };
    match format {
        Format::Prometheus => {
            cursor.skip();
            let word = cursor.word();
            if word.starts_with('#') {
                fail!(
                    "{} after the value: Prometheus text has no exemplars, and comments only on \
                     lines of their own",
                    shown(word)
                );
            }
            if !word.is_empty() {
                let millis: i64 = word.parse().map_err(|_| {
                    format!("the timestamp {} is not a whole number of milliseconds", shown(word))
                })?;
                sample.timestamp = Some(millis as f64 / 1e3);
            }
            // promtool refuses blanks at the end, the specification ignores them.
            cursor.skip();
        }
        Format::OpenMetrics => {
            if !cursor.rest.is_empty() && !cursor.rest.starts_with(" #") {
                sample.timestamp = timestamp(&mut cursor)?;
            }
            if !cursor.rest.is_empty() {
                exemplar(&mut cursor, &sample)?;
            }
        }
    }
    cursor.end()?;
    Ok(sample)
}

/// Takes a space and a time in seconds, as OpenMetrics has it.
fn timestamp(cursor: &mut Cursor<'_>) -> Result<Option<f64>, String> {
    if cursor.rest.trim_matches([' ', '\t']).is_empty() {
        return cursor.end().map(|()| None);
    }
    cursor.separator("a timestamp")?;
    let word = cursor.word();
    let value = number(word).filter(|value| value.is_finite());
    let text = || format!("the timestamp {} is not a number of seconds", shown(word));
    value.map(Some).ok_or_else(text)
}

/// Takes the exemplar of a sample: ` # {labels} value [timestamp]`.
fn exemplar(cursor: &mut Cursor<'_>, of: &Sample) -> Result<(), String> {
    const MOST: usize = 128;
    const WANT: &str = "want ` # {label=\"value\"} number`, and a timestamp if you like";
    if cursor.rest.trim_matches([' ', '\t']).is_empty() {
        return cursor.end();
    }
    let Some(rest) = cursor.rest.strip_prefix(" # {") else {
        return match cursor.rest.strip_prefix(" #") {
            Some(_) => Err(format!("{} as an exemplar: {WANT}", shown(cursor.rest))),
            None => cursor.end(),
        };
    };
    cursor.rest = rest;
    // By the name alone, as promtool.
    if !of.name.ends_with("_bucket") && !of.name.ends_with("_total") {
        fail!("an exemplar for {}: OpenMetrics has them only for _bucket and _total", of.name);
    }
    let within = |text| format!("in the exemplar: {text}");
    let labels = cursor.labels().map_err(within)?;
    let length: usize = labels.iter().map(|(k, v)| k.chars().count() + v.chars().count()).sum();
    if length > MOST {
        fail!(
            "the exemplar's labels have {length} characters: want at most {MOST}, names and values \
             together"
        );
    }
    cursor.separator("a value").map_err(within)?;
    let value = want_number("the exemplar's value", cursor.word())?;
    if !cursor.rest.is_empty() {
        timestamp(cursor).map_err(within)?;
    }
    let bound = of.labels.get("le").filter(|_| of.name.ends_with("_bucket"));
    if let Some(le) = bound
        && number(le).is_some_and(|bound| value > bound)
    {
        fail!("the exemplar's value {value} is not in the bucket of le=\"{le}\"");
    }
    Ok(())
}

/// Samples that make up one value of a histogram, summary or counter.
#[derive(Default)]
struct Point {
    /// The last of its lines, or an unreadable one after it: what is missing is told of there,
    /// after what may be the cause.
    line: usize,
    /// Line, bound and count of buckets; for quantiles their number and value.
    buckets: Vec<(usize, f64, f64)>,
    /// Line and value of the other samples, by suffix.
    parts: BTreeMap<&'static str, (usize, f64)>,
}

/// Family, metric and time in bits.
type PointKey = (String, Labels, Option<u64>);

/// The state between lines.
struct Reader {
    format: Format,
    out: Exposition,
    /// The family that the last line belonged to.
    current: String,
    /// The labels of the last sample, without `le` and its like: OpenMetrics calls it a metric.
    metric: Option<Labels>,
    /// All metrics of the current family before that one.
    metrics: BTreeSet<Labels>,
    /// The line and timestamp of each series.
    seen: BTreeMap<String, (usize, Option<f64>)>,
    points: BTreeMap<PointKey, Point>,
    /// The line of the `# EOF`.
    eof: Option<usize>,
    /// Where the last sample went, of those in `points`.
    point: Option<PointKey>,
    /// What was said already and would be said of many lines.
    said: BTreeSet<String>,
}

impl Reader {
    fn new(format: Format) -> Self {
        Self {
            format,
            out: Exposition::default(),
            current: String::new(),
            metric: None,
            metrics: BTreeSet::new(),
            seen: BTreeMap::new(),
            points: BTreeMap::new(),
            eof: None,
            point: None,
            said: BTreeSet::new(),
        }
    }

    fn fault(&mut self, line: usize, text: impl Into<String>) {
        // A page may be a megabyte of nothing else, and nobody reads so many.
        if self.out.faults.len() < MOST_FAULTS {
            self.out.faults.push(Fault { line, text: text.into() });
        }
    }

    /// A fault that many lines may share: only the first of them is told.
    fn once(&mut self, line: usize, about: &str, text: impl Into<String>) {
        if self.said.insert(about.to_owned()) {
            self.fault(line, text);
        }
    }

    /// A fault for which the line is left out.
    fn lost(&mut self, line: usize, text: impl Into<String>) {
        self.fault(line, text);
        // What the point lacks may be in this line, so that has to come after.
        if let Some(point) = self.point.as_ref().and_then(|key| self.points.get_mut(key)) {
            point.line = line;
        }
    }

    fn text(&mut self, text: &[u8]) {
        let mut last = 0;
        for (index, bytes) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
            last = index + 1;
            let whole = bytes.strip_suffix(b"\n");
            // The grammar of OpenMetrics lets the newline after EOF be missing, as does promtool.
            if whole.is_none() && !(self.format == Format::OpenMetrics && bytes == b"# EOF") {
                self.fault(last, "the text ends without a newline: the last line wants one, too");
            }
            let mut bytes = whole.unwrap_or(bytes);
            if let Some(without) = bytes.strip_suffix(b"\r") {
                bytes = without;
                let text = "the line ends in `\\r\\n`: both formats want `\\n` alone";
                self.once(last, "carriage return", text);
            }
            match str::from_utf8(bytes) {
                Ok(text) => self.line(last, text),
                Err(error) => {
                    let at = error.valid_up_to();
                    let byte = bytes.get(at).copied().unwrap_or_default();
                    self.lost(
                        last,
                        format!("byte {} of the line, {byte:#04x}, is not UTF-8", at + 1),
                    );
                }
            }
        }
        if self.format == Format::OpenMetrics && self.eof.is_none() {
            self.fault(last.max(1), "the last line is not `# EOF`: OpenMetrics must end with it");
        }
    }

    fn line(&mut self, line: usize, text: &str) {
        if let Some(eof) = self.eof {
            let text = match text {
                "# EOF" => format!("a second `# EOF`, the first is at line {eof}: want one"),
                _ => format!("{} after the `# EOF` of line {eof}: want nothing", shown(text)),
            };
            self.once(line, "after EOF", text);
        }
        let read = match self.format {
            Format::OpenMetrics if text == "# EOF" => {
                self.eof = self.eof.or(Some(line));
                Ok(())
            }
            Format::OpenMetrics if text.is_empty() => {
                // What comes after the end was told above, empty or not.
                if self.eof.is_none() {
                    self.once(line, "empty", "an empty line: OpenMetrics allows none");
                }
                Ok(())
            }
            Format::OpenMetrics if text.starts_with('#') => self.open_metadata(line, text),
            Format::Prometheus if text.trim_matches([' ', '\t']).is_empty() => Ok(()),
            Format::Prometheus if text.trim_start_matches([' ', '\t']).starts_with('#') => {
                self.prometheus_comment(line, text)
            }
            format => sample(text, line, format).map(|sample| self.sample(sample)),
        };
        if let Err(text) = read {
            self.lost(line, text);
        }
    }

    /// A line that begins with `#` in Prometheus text: metadata or any comment.
    fn prometheus_comment(&mut self, line: usize, text: &str) -> Result<(), String> {
        let mut cursor = Cursor { rest: text, format: self.format };
        cursor.skip();
        cursor.eat('#');
        cursor.skip();
        // As promtool, `#TYPE` without a space is not a comment either.
        let keyword = cursor.word();
        if keyword != "HELP" && keyword != "TYPE" {
            return Ok(());
        }
        cursor.skip();
        let name = cursor.name(&format!("the metric name of a {keyword} line"), true)?;
        if cursor.rest.starts_with('{') {
            fail!("labels in a {keyword} line: want the metric name alone");
        }
        cursor.skip();
        self.metadata(line, keyword, name, cursor.rest)
    }

    /// A line that begins with `#` in OpenMetrics.
    fn open_metadata(&mut self, line: usize, text: &str) -> Result<(), String> {
        let mut cursor =
            Cursor { rest: text.strip_prefix("# ").unwrap_or(""), format: self.format };
        let keyword = cursor.word();
        if !matches!(keyword, "HELP" | "TYPE" | "UNIT") {
            fail!(
                "{}: OpenMetrics has no comments, only lines of `# HELP `, `# TYPE `, `# UNIT ` \
                 and at the end `# EOF`, with nothing behind it",
                shown(text)
            );
        }
        cursor.separator("the metric name")?;
        let name = cursor.name(&format!("the metric name of a {keyword} line"), true)?;
        if !cursor.eat(' ') {
            let what = match keyword {
                "HELP" => "text",
                "TYPE" => "type",
                _ => "unit",
            };
            fail!(
                "{} after the name: want `# {keyword} {name} {what}`",
                if cursor.rest.is_empty() { "nothing".to_owned() } else { shown(cursor.rest) }
            );
        }
        self.metadata(line, keyword, name, cursor.rest)
    }

    /// A HELP, TYPE or UNIT line of the family `name`.
    fn metadata(
        &mut self,
        line: usize,
        keyword: &str,
        name: &str,
        rest: &str,
    ) -> Result<(), String> {
        let known = self.out.families.get(name).cloned().unwrap_or_default();
        // promtool takes a HELP line after samples; "all lines of a metric as one group, with HELP
        // and TYPE first" does not.
        if let Some(first) = known.first_sample {
            let late = format!(
                "the {keyword} line of {name} comes after its samples (line {first}): want it first"
            );
            self.fault(line, late);
            self.current = name.to_owned();
        } else {
            self.enter(line, name);
        }
        let taken = match keyword {
            "HELP" => known.help.is_some(),
            "TYPE" => known.kind.is_some(),
            _ => known.unit.is_some(),
        };
        if taken {
            fail!("a second {keyword} line of {name}: want at most one");
        }
        match keyword {
            "HELP" => {
                let help = unescaped(rest, self.format, false)
                    .map_err(|text| format!("the help text of {name} has {text}"))?;
                self.family(name).help = Some(help).filter(|help| !help.is_empty());
            }
            "TYPE" => {
                let kind = self.kind(rest)?;
                let unit = known.unit.clone();
                self.family(name).kind = Some(kind);
                self.claim(line, name, kind);
                self.check_unit(name, unit.as_deref(), Some(kind))?;
            }
            _ if !rest.is_empty() => {
                self.check_unit(name, Some(rest), known.kind)?;
                self.family(name).unit = Some(rest.to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    fn kind(&self, word: &str) -> Result<Kind, String> {
        let word = match self.format {
            Format::Prometheus => word.trim_end_matches([' ', '\t']),
            Format::OpenMetrics => word,
        };
        let known = self.format.kinds();
        if let Some((_, kind)) = known.iter().find(|(name, _)| *name == word) {
            return Ok(*kind);
        }
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        let found = if word.is_empty() { "no type".to_owned() } else { shown(word) };
        Err(format!("{found} in a TYPE line: {} has {}", self.format.name(), names.join(", ")))
    }

    fn check_unit(&self, name: &str, unit: Option<&str>, kind: Option<Kind>) -> Result<(), String> {
        let Some(unit) = unit else { return Ok(()) };
        if matches!(kind, Some(Kind::Info | Kind::StateSet)) {
            fail!("{name} has the unit {}: an info or stateset has none", shown(unit));
        }
        match name.strip_suffix(unit) {
            Some(stem) if stem.ends_with('_') => Ok(()),
            _ => Err(format!(
                "the unit {} is not the end of the name {name}: want a name such as {name}_{unit}",
                shown(unit)
            )),
        }
    }

    fn family(&mut self, name: &str) -> &mut Family {
        self.out.families.entry(name.to_owned()).or_default()
    }

    /// Notes that a line of this family begins here.
    fn enter(&mut self, line: usize, name: &str) {
        if self.current == name {
            return;
        }
        name.clone_into(&mut self.current);
        self.metric = None;
        self.metrics.clear();
        match self.out.families.get(name).map(|family| family.line) {
            Some(first) => self.once(
                line,
                &format!("group {name}"),
                format!(
                    "more of {name}, which began at line {first}, after lines of others: want all \
                     lines of {name} together"
                ),
            ),
            None => self.family(name).line = line,
        }
    }

    /// Notes the names of the samples that a family of this kind may have. Two families with one
    /// such name are a fault in OpenMetrics. The specification of Prometheus text does not say so,
    /// but what belongs where is not clear then, and promtool refuses it in one of the two orders.
    fn claim(&mut self, line: usize, family: &str, kind: Kind) {
        for suffix in kind.suffixes(self.format) {
            let sample = format!("{family}{suffix}");
            let Some(owner) = self.out.owners.get(&sample).filter(|owner| *owner != family) else {
                self.out.owners.insert(sample, family.to_owned());
                continue;
            };
            let other = self.out.families.get(owner).cloned().unwrap_or_default();
            let kind = kind.name(self.format);
            let text = match (other.kind, other.first_sample) {
                (None, Some(first)) => format!(
                    "the TYPE line of the {kind} {family} comes after its sample {sample} (line \
                     {first}): want it first"
                ),
                _ => format!(
                    "the {kind} {family} has samples called {sample}, as has {owner} (line {}): \
                     want another name for one of them",
                    other.line
                ),
            };
            self.fault(line, text);
        }
    }

    fn sample(&mut self, sample: Sample) {
        let line = sample.line;
        let owner = self.out.owners.get(&sample.name).cloned();
        let name = owner.unwrap_or_else(|| sample.name.clone());
        self.enter(line, &name);
        self.out.owners.entry(sample.name.clone()).or_insert_with(|| name.clone());
        let format = self.format;
        let family = self.family(&name);
        family.first_sample.get_or_insert(line);
        let kind = family.kind.unwrap_or(Kind::Unknown);
        let suffixes = kind.suffixes(format);
        let suffix = suffixes.iter().find(|end| sample.name.strip_suffix(**end) == Some(&name));
        match suffix.copied() {
            Some(suffix) => {
                if let Err(text) = check(&sample, kind, suffix, &name, format) {
                    self.fault(line, text);
                }
                self.arrange(&sample, kind, suffix, &name);
            }
            None => {
                let wanted: Vec<_> = suffixes.iter().map(|end| format!("{name}{end}")).collect();
                let stem = name.strip_suffix("_total").filter(|_| kind == Kind::Counter);
                let hint = stem.map_or_else(String::new, |stem| {
                    format!("; in OpenMetrics the TYPE line of {name} is `# TYPE {stem} counter`")
                });
                let text = format!(
                    "the sample {} of the {} {name}: want {}{hint}",
                    sample.name,
                    kind.name(format),
                    wanted.join(", ")
                );
                self.once(line, &format!("suffix {name}"), text);
            }
        }
        self.out.samples.push(sample);
    }

    /// Puts a sample to those that belong with it, and looks for a second one and disorder.
    fn arrange(&mut self, sample: &Sample, kind: Kind, suffix: &'static str, family: &str) {
        let series = series(&sample.name, &sample.labels);
        let now = (sample.line, sample.timestamp);
        let mut is_second = false;
        if let Some((line, before)) = self.seen.insert(series.clone(), now) {
            let grows = matches!((before, sample.timestamp), (Some(one), Some(two)) if one < two);
            is_second = !grows || self.format == Format::Prometheus;
            if is_second {
                self.fault(
                    sample.line,
                    format!("{} is already at line {line}: want it once", shown(&series)),
                );
            }
        }
        let inner = kind.inner_label(family, suffix);
        let mut metric = sample.labels.clone();
        let bound = inner.and_then(|label| metric.remove(&label));
        if self.metric.as_ref() != Some(&metric) {
            self.metrics.extend(self.metric.take());
            if self.format == Format::OpenMetrics && self.metrics.contains(&metric) && !is_second {
                let text = format!(
                    "more of {}, after samples with other labels: OpenMetrics wants all samples of \
                     one label set together",
                    shown(&self::series(family, &metric))
                );
                self.once(sample.line, &format!("metric {family}"), text);
            }
            self.metric = Some(metric.clone());
        }
        if is_second
            || !matches!(
                kind,
                Kind::Histogram | Kind::GaugeHistogram | Kind::Summary | Kind::Counter
            )
        {
            return;
        }
        let key = (family.to_owned(), metric, sample.timestamp.map(f64::to_bits));
        self.point = Some(key.clone());
        let point = self.points.entry(key).or_default();
        point.line = sample.line;
        match bound.map(|bound| number(&bound)) {
            Some(Some(bound)) => point.buckets.push((sample.line, bound, sample.value)),
            // Told by `check`.
            Some(None) => {}
            None => {
                point.parts.insert(suffix, (sample.line, sample.value));
            }
        }
    }

    /// Looks at the samples that belong together.
    fn points(&mut self) {
        let is_open = self.format == Format::OpenMetrics;
        for ((family, metric, _), point) in std::mem::take(&mut self.points) {
            let kind = self.out.families.get(&family).and_then(|family| family.kind);
            let name = series(&family, &metric);
            match kind {
                Some(Kind::Histogram) => self.histogram(&name, &point, "_count", "_sum"),
                Some(Kind::GaugeHistogram) => self.histogram(&name, &point, "_gcount", "_gsum"),
                Some(Kind::Summary) if !is_open => {
                    self.rising(&name, &point.buckets, "quantiles");
                }
                Some(Kind::Counter) if is_open && !point.parts.contains_key("_total") => {
                    self.fault(point.line, format!("the counter `{name}` has no _total"));
                }
                _ => {}
            }
        }
    }

    /// Looks at one histogram. That the counts agree is said by both specifications and checked by
    /// no promtool.
    fn histogram(&mut self, name: &str, point: &Point, count: &str, sum: &str) {
        let name = shown(name);
        self.rising(&name, &point.buckets, "buckets");
        let mut sorted = point.buckets.clone();
        sorted.sort_by(|one, two| one.1.total_cmp(&two.1));
        for pair in sorted.windows(2) {
            if let [(_, low, before), (line, high, after)] = *pair
                && after < before
            {
                self.fault(
                    line,
                    format!(
                        "the histogram {name} has {after} up to {high} and \
                     {before} up to {low}: each bucket counts the smaller ones, too"
                    ),
                );
            }
        }
        let all = sorted.last().filter(|(_, bound, _)| *bound == f64::INFINITY);
        match (all, point.parts.get(count)) {
            (None, _) => {
                self.fault(
                    point.line,
                    format!("the histogram {name} has no bucket with le=\"+Inf\""),
                );
            }
            (Some((_, _, all)), Some((line, value))) if all != value => {
                self.fault(
                    *line,
                    format!(
                        "the histogram {name} has a {count} of {value}, and {all} in the bucket of \
                     le=\"+Inf\": want the same"
                    ),
                );
            }
            _ => {}
        }
        // Prometheus text only says what they are called, and promtool misses neither.
        if self.format == Format::Prometheus {
            return;
        }
        match (point.parts.get(count), point.parts.get(sum)) {
            (Some(_), None) => {
                self.fault(point.line, format!("the histogram {name} has a {count} but no {sum}"));
            }
            (None, Some(_)) => {
                self.fault(point.line, format!("the histogram {name} has a {sum} but no {count}"));
            }
            (Some(_), Some((line, _)))
                if sum == "_sum" && sorted.first().is_some_and(|(_, bound, _)| *bound < 0.0) =>
            {
                self.fault(
                    *line,
                    format!(
                        "the histogram {name} has a _sum and a bucket below 0: \
                     OpenMetrics allows not both"
                    ),
                );
            }
            _ => {}
        }
    }

    /// Looks for bounds that do not rise. OpenMetrics lets quantiles come in any order.
    fn rising(&mut self, name: &str, bounds: &[(usize, f64, f64)], what: &str) {
        for pair in bounds.windows(2) {
            if let [(_, before, _), (line, bound, _)] = *pair
                && bound <= before
            {
                self.fault(
                    line,
                    format!(
                        "the {what} of {name}: {bound} comes after {before}, want rising order \
                     and each once"
                    ),
                );
            }
        }
    }
}

/// Looks at one sample of a family of known kind.
fn check(
    sample: &Sample,
    kind: Kind,
    suffix: &str,
    family: &str,
    format: Format,
) -> Result<(), String> {
    let Sample { name, labels, value, .. } = sample;
    let is_open = format == Format::OpenMetrics;
    let counts = |what: &str| match *value {
        value if value.is_nan() || value < 0.0 => {
            Err(format!("{name} is {value}: {what} is a number from 0 up"))
        }
        _ => Ok(()),
    };
    let whole = |what: &str| match *value {
        value if is_open && value.fract() != 0.0 => {
            Err(format!("{name} is {value}: OpenMetrics wants {what} to be a whole number"))
        }
        _ => counts(what),
    };
    match (kind, suffix) {
        (Kind::Counter, "_total" | "") => counts("a counter"),
        (Kind::Histogram | Kind::GaugeHistogram, "_bucket") => {
            let Some(le) = labels.get("le") else {
                fail!("{name} without the label le: want le=\"upper bound\"");
            };
            match number(le) {
                None => Err(format!("{name} has le={}: want a number or +Inf", shown(le))),
                Some(bound) if bound.is_nan() => {
                    Err(format!("{name} has le=\"{le}\": want a bound"))
                }
                Some(_) => whole("a bucket"),
            }
        }
        (Kind::Summary, "") => {
            let Some(quantile) = labels.get("quantile") else {
                fail!(
                    "the sample {name} of a summary without the label quantile: want \
                     quantile=\"0.5\" and such, or {name}_sum and {name}_count"
                );
            };
            match number(quantile) {
                Some(place) if (0.0..=1.0).contains(&place) => match *value {
                    // Prometheus text says nothing of it.
                    value if is_open && value < 0.0 => Err(format!(
                        "a quantile of {name} is {value}: OpenMetrics wants none below 0"
                    )),
                    _ => Ok(()),
                },
                _ => Err(format!(
                    "{name} has quantile={}: want a number from 0 to 1",
                    shown(quantile)
                )),
            }
        }
        (_, "_count" | "_gcount") => whole("a count"),
        (Kind::Histogram | Kind::Summary, "_sum") if is_open => counts("a sum in OpenMetrics"),
        (Kind::GaugeHistogram, "_gsum") if value.is_nan() => Err(format!("{name} is NaN")),
        (Kind::Info, _) if *value != 1.0 => {
            Err(format!("{name} is {value}: the value of an info is always 1"))
        }
        (Kind::StateSet, _) if !labels.contains_key(family) => {
            Err(format!("{name} without the label {family}: it holds the name of the state"))
        }
        (Kind::StateSet, _) if *value != 0.0 && *value != 1.0 => {
            Err(format!("{name} is {value}: the value of a state is 0 or 1"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::process::{Command, Stdio};

    const P: Format = Format::Prometheus;
    const O: Format = Format::OpenMetrics;

    /// One exposition, and what is the first thing to say about it.
    struct Case {
        format: Format,
        text: &'static [u8],
        /// A part of the first fault, with its line; none where all is well.
        fault: Option<&'static str>,
        /// Why promtool's verdict is another, if it is.
        differs: Option<&'static str>,
    }

    const fn good(format: Format, text: &'static str) -> Case {
        Case { format, text: text.as_bytes(), fault: None, differs: None }
    }

    const fn bad(format: Format, text: &'static str, fault: &'static str) -> Case {
        Case { format, text: text.as_bytes(), fault: Some(fault), differs: None }
    }

    const fn bytes(format: Format, text: &'static [u8], fault: &'static str) -> Case {
        Case { format, text, fault: Some(fault), differs: None }
    }

    impl Case {
        const fn but(mut self, why: &'static str) -> Self {
            self.differs = Some(why);
            self
        }
    }

    const BLANKS: &str = "the specification ignores blanks at the end, as does Prometheus's own \
                          reader; the older one of `check metrics` does not";
    const VALUES: &str = "promtool parses and does not judge values";
    const POINTS: &str = "promtool does not look at what makes up a histogram or summary";
    const GROUPS: &str = "promtool does not look at the order of lines";
    const TYPES: &str = "promtool does not compare samples with their TYPE in OpenMetrics, and \
        ignores those that do not fit in Prometheus text";
    const TWICE: &str =
        "promtool does not look for duplicates; Prometheus drops one when it scrapes";
    const UNSEEN: &str = "promtool does not look into comments and help texts";
    const CLASH: &str = "promtool does not look for clashes of names";
    const METADATA: &str = "promtool takes each metadata line of OpenMetrics by itself";

    const PYTHON: &str = r#"# HELP c_total a "counter" \\ \n x
# TYPE c_total counter
c_total{a="x\"y\\z\n"} 1.0
c_total{a="é"} 3.0
# HELP c_created a "counter" \\ \n x
# TYPE c_created gauge
c_created{a="x\"y\\z\n"} 1.795287429351746e+09
c_created{a="é"} 1.79528742935176e+09
# HELP g_seconds gauge
# TYPE g_seconds gauge
g_seconds NaN
# HELP h hist
# TYPE h histogram
h_bucket{le="0.1",m="a"} 0.0
h_bucket{le="1.0",m="a"} 1.0
h_bucket{le="+Inf",m="a"} 1.0
h_count{m="a"} 1.0
h_sum{m="a"} 0.5
h_bucket{le="0.1",m="b"} 0.0
h_bucket{le="1.0",m="b"} 0.0
h_bucket{le="+Inf",m="b"} 1.0
h_count{m="b"} 1.0
h_sum{m="b"} 50.0
# HELP h_created hist
# TYPE h_created gauge
h_created{m="a"} 1.7952874293518224e+09
h_created{m="b"} 1.7952874293518603e+09
# HELP s 
# TYPE s summary
s_count 1.0
s_sum 2.0
# HELP s_created 
# TYPE s_created gauge
s_created 1.795287429351881e+09
# HELP i_info info
# TYPE i_info gauge
i_info{v="1"} 1.0
# HELP en enum
# TYPE en gauge
en{en="a"} 1.0
en{en="b"} 0.0
# HELP gh gh
# TYPE gh histogram
gh_bucket{le="1.0"} 4.0
gh_bucket{le="+Inf"} 5.0
# HELP gh_gcount gh
# TYPE gh_gcount gauge
gh_gcount 5.0
# HELP gh_gsum gh
# TYPE gh_gsum gauge
gh_gsum 7.0
# HELP un un
# TYPE un untyped
un 1.0
# HELP sq sq
# TYPE sq summary
sq_count 3.0
sq_sum 4.0
sq{quantile="0.5"} 1.0
"#;

    const PYTHON_OPEN: &str = r#"# HELP c a \"counter\" \\ \n x
# TYPE c counter
c_total{a="x\"y\\z\n"} 1.0
c_created{a="x\"y\\z\n"} 1.795287429351746e+09
c_total{a="é"} 3.0 # {t="abc"} 3.0 1795287429.351765
c_created{a="é"} 1.79528742935176e+09
# HELP g_seconds gauge
# TYPE g_seconds gauge
# UNIT g_seconds seconds
g_seconds NaN
# HELP h hist
# TYPE h histogram
h_bucket{le="0.1",m="a"} 0.0
h_bucket{le="1.0",m="a"} 1.0 # {trace="q"} 0.5 1795287429.351851
h_bucket{le="+Inf",m="a"} 1.0
h_count{m="a"} 1.0
h_sum{m="a"} 0.5
h_created{m="a"} 1.7952874293518224e+09
h_bucket{le="0.1",m="b"} 0.0
h_bucket{le="1.0",m="b"} 0.0
h_bucket{le="+Inf",m="b"} 1.0
h_count{m="b"} 1.0
h_sum{m="b"} 50.0
h_created{m="b"} 1.7952874293518603e+09
# HELP s 
# TYPE s summary
s_count 1.0
s_sum 2.0
s_created 1.795287429351881e+09
# HELP i info
# TYPE i info
i_info{v="1"} 1.0
# HELP en enum
# TYPE en stateset
en{en="a"} 1.0
en{en="b"} 0.0
# HELP gh gh
# TYPE gh gaugehistogram
gh_bucket{le="1.0"} 4.0
gh_bucket{le="+Inf"} 5.0
gh_gcount 5.0
gh_gsum 7.0
# HELP un un
# TYPE un unknown
un 1.0
# HELP sq sq
# TYPE sq summary
sq_count 3.0
sq_sum 4.0
sq{quantile="0.5"} 1.0
# EOF
"#;

    /// As Rust's prometheus-client writes: sum and count before the buckets, help texts unescaped.
    const RUST_OPEN: &str = r#"# HELP requests Requests "so far".
# TYPE requests counter
requests_total{method="GET",path=""} 17 # {trace="1"} 1 1700000000.5
requests_total{method="PUT",path="/a"} 0
# HELP latency_seconds Latency.
# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
latency_seconds_sum 1.5
latency_seconds_count 2
latency_seconds_bucket{le="0.5"} 1 # {a="b"} 0.25
latency_seconds_bucket{le="1.0"} 1
latency_seconds_bucket{le="+Inf"} 2
# HELP build Build.
# TYPE build info
build_info{os="GNU/linux"} 1
# HELP ratio Ratio.
# TYPE ratio gauge
ratio -0.25
# EOF
"#;

    /// As Go's client writes.
    const GO: &str = r#"# HELP go_gc_duration_seconds A summary of pauses.
# TYPE go_gc_duration_seconds summary
go_gc_duration_seconds{quantile="0"} 3.4025e-05
go_gc_duration_seconds{quantile="0.5"} NaN
go_gc_duration_seconds{quantile="1"} 0.000236
go_gc_duration_seconds_sum 0.000413
go_gc_duration_seconds_count 5
# HELP go_info Information about the Go environment.
# TYPE go_info gauge
go_info{version="go1.22"} 1
# HELP h H.
# TYPE h histogram
h_bucket{le="0.005"} 0
h_bucket{le="+Inf"} 1.2345678e+07
h_sum 3
h_count 1.2345678e+07
# HELP process_start_time_seconds Start time.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.70000000012e+09
"#;

    /// The documented example of the format, which has all of its freedoms.
    const FREE: &str = "# HELP http_requests_total The total number of HTTP requests.\n\
        # TYPE http_requests_total counter\n\
        http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n\
        http_requests_total{method=\"post\",code=\"400\"}    3 1395066363000\n\
        \n\
        # Escaping in label values:\n\
        msdos_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"No:\\n\\\"A\\\"\"} 1.458e9\n\
        metric_without_timestamp_and_labels 12.47\n\
        something_weird{problem=\"division by zero\"} +Inf -3982045\n\
        \t #  HELP\ttabs  are blanks\n\
        # TYPE tabs gauge\n\
        \ttabs\t { a = \"b\" ,\tc=\"}\" , }\t1\t5\n\
        #EOF\n  \t\n# UNIT tabs b\n#\n";

    const CASES: &[Case] = &[
        good(P, ""),
        good(P, FREE),
        good(P, PYTHON),
        good(P, GO),
        good(P, "foo{a=\"b\"}1\nfoo{} 2\nbar:x_1 -infinity\nbaz nan\nqux .5\n_x 1.e+3\n"),
        good(P, "foo 1 \t\n").but(BLANKS),
        good(P, "foo 1 +5 \n").but(BLANKS),
        good(P, "# TYPE foo counter \nfoo 1\n").but(BLANKS),
        good(P, "# HELP foo \n# HELP foo twice, the first is none\nfoo 1\n"),
        good(P, "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"Inf\"} 1\n"),
        good(P, "# TYPE h histogram\n"),
        good(P, "x_bucket 1\nx_sum 1\nx_count{le=\"1\"} 1\nx{quantile=\"7\"} 1\n"),
        good(P, "# TYPE foo counter\n# HELP foo \\\\ \\n \" fine\nfoo 1\n"),
        bad(P, "foo 1", "line 1: the text ends without a newline"),
        bad(P, "foo 1\r\nbar 2\r\n", "line 1: the line ends in `\\r\\n`"),
        bad(P, "# hi\r\nfoo 1\n", "line 1: the line ends in `\\r\\n`").but(UNSEEN),
        bytes(P, b"foo 1\nbar{a=\"\xff\"} 1\n", "line 2: byte 8 of the line, 0xff, is not UTF-8"),
        bytes(P, b"# HELP foo \xff\nfoo 1\n", "line 1: byte 12 of the line").but(UNSEEN),
        bad(P, "\u{feff}foo 1\n", "line 1: `\\u{feff}foo` as a metric name"),
        bad(P, "1foo 1\n", "line 1: `1foo` as a metric name: want ASCII letters"),
        bad(P, "foo-bar 1\n", "line 1: `foo-bar` as a metric name"),
        bad(P, "größe 1\n", "line 1: `größe` as a metric name"),
        bad(P, "{a=\"b\"} 1\n", "line 1: `{a=\"b\"} 1` where a metric name should be"),
        bad(P, "{\"foo\",a=\"b\"} 1\n", "where a metric name should be"),
        bad(P, "foo{a:b=\"c\"} 1\n", "line 1: `a:b` as a label name"),
        bad(P, "foo{a-b=\"c\"} 1\n", "line 1: `a-b` as a label name"),
        bad(P, "foo{1=\"c\"} 1\n", "line 1: `1` as a label name"),
        bad(P, "foo{,} 1\n", "line 1: `,} 1` where a label name should be"),
        bad(P, "foo{a=\"b\",,} 1\n", "line 1: `,} 1` where a label name should be"),
        bad(P, "foo{a} 1\n", "line 1: `} 1` after the label name `a`: want ="),
        bad(P, "foo{a=b} 1\n", "line 1: the value of label a begins with `b} 1`"),
        bad(P, "foo{a='b'} 1\n", "want it in double quotes"),
        bad(P, "foo{a=\"b} 1\n", "line 1: the value of label a has no closing quote"),
        bad(P, "foo{a=\"b\n\"} 1\n", "line 1: the value of label a has no closing quote"),
        bad(P, "foo{a=\"b\\\"} 1\n", "line 1: the value of label a has no closing quote"),
        bad(P, "foo{a=\"b\" 1\n", "line 1: `1` after the value of label a: want , or }"),
        bad(P, "foo{a=\"b\"\n", "line 1: the end of the line after the value of label a"),
        bad(P, "foo{a=\"b\",\n", "line 1: the line ends where a label name should be; is the `}`"),
        bad(P, "foo{\n", "is the `}` missing?"),
        bad(P, "foo{a=\"b\" c=\"d\"} 1\n", "line 1: `c=\"d\"} 1` after the value of label a"),
        bad(P, "foo{a=\"\\q\"} 1\n", "line 1: the value of label a has the escape `\\q`"),
        bad(P, "foo{a=\"C:\\temp\"} 1\n", "has the escape `\\t`: want \\\\, \\\" or \\n"),
        bad(P, "# HELP foo a\\qb\nfoo 1\n", "line 1: the help text of foo has the escape `\\q`"),
        bad(P, "# HELP foo a\\\"b\nfoo 1\n", "the escape `\\\"`: want \\\\ or \\n"),
        bad(P, "# HELP foo a\\\nfoo 1\n", "has the escape `\\`"),
        bad(P, "foo{a=\"1\",b=\"2\",a=\"3\"} 1\n", "line 1: the label a is there twice"),
        bad(P, "foo{__name__=\"b\"} 1\n", "line 1: the label __name__ is reserved"),
        bad(P, "foo\n", "line 1: the value is missing"),
        bad(P, "foo{a=\"b\"} \n", "line 1: the value is missing"),
        bad(P, "foo one\n", "line 1: the value `one` is not a number"),
        bad(P, "foo 1,5\n", "line 1: the value `1,5` is not a number"),
        bad(P, "foo 1_000\n", "is not a number"),
        bad(P, "foo 0x10\n", "is not a number"),
        bad(P, "foo 1e999\n", "is not a number"),
        bad(P, "foo +nan\n", "is not a number"),
        bad(P, "foo Some(1)\n", "line 1: the value `Some(1)` is not a number"),
        bad(P, "foo 1 1.5\n", "line 1: the timestamp `1.5` is not a whole number of milliseconds"),
        bad(P, "foo 1 99999999999999999999\n", "is not a whole number"),
        bad(P, "foo 1 2 3\n", "line 1: `3` where the line should end"),
        bad(
            P,
            "foo_total 1 # {a=\"b\"} 1\n",
            "line 1: `#` after the value: Prometheus text has no",
        ),
        bad(P, "# TYPE foo\nfoo 1\n", "line 1: no type in a TYPE line")
            .but("the specification wants two words after TYPE, promtool takes it for a comment"),
        bad(P, "# TYPE\n", "line 1: the line ends where the metric name of a TYPE line")
            .but("the specification wants two words after TYPE, promtool takes it for a comment"),
        bad(
            P,
            "# TYPE foo counters\n",
            "line 1: `counters` in a TYPE line: Prometheus text has counter",
        ),
        bad(P, "# TYPE foo unknown\n", "line 1: `unknown` in a TYPE line"),
        bad(P, "# TYPE foo gauge x\n", "line 1: `gauge x` in a TYPE line"),
        bad(P, "# TYPE foo COUNTER\n", "line 1: `COUNTER` in a TYPE line")
            .but("`check metrics` takes any case, Prometheus when it scrapes only this one"),
        bad(P, "# TYPE foo gauge_histogram\n", "line 1: `gauge_histogram` in a TYPE line")
            .but("`check metrics` takes the names of the protobuf format, Prometheus does not"),
        bad(P, "# TYPE foo{a=\"b\"} gauge\n", "line 1: labels in a TYPE line"),
        bad(P, "# HELP foo-bar text\n", "line 1: `foo-bar` as the metric name of a HELP line"),
        bad(P, "# TYPE a gauge\n#TYPE a gauge\n", "line 2: a second TYPE line of a"),
        bad(P, "# HELP a x\n# HELP a y\n", "line 2: a second HELP line of a"),
        bad(
            P,
            "a 1\n# TYPE a gauge\n",
            "line 2: the TYPE line of a comes after its samples (line 1)",
        ),
        bad(P, "a 1\n# HELP a x\n", "line 2: the HELP line of a comes after its samples")
            .but(GROUPS),
        bad(
            P,
            "a_count 1\n# TYPE a summary\n",
            "line 2: the TYPE line of the summary a comes after",
        )
        .but(GROUPS),
        bad(P, "a{x=\"1\"} 1\nb 1\na{x=\"2\"} 1\n", "line 3: more of a, which began at line 1")
            .but(GROUPS),
        bad(P, "# TYPE a gauge\nb 1\na 1\n", "line 3: more of a, which began at line 1")
            .but(GROUPS),
        bad(P, "a 1\na 1\n", "line 2: `a` is already at line 1").but(TWICE),
        bad(
            P,
            "a{x=\"1\",y=\"2\"} 1 5\na{y=\"2\",x=\"1\"} 2 6\n",
            "line 2: `a{x=\"1\",y=\"2\"}` is already",
        )
        .but(TWICE),
        bad(P, "# TYPE a counter\na -1\n", "line 2: a is -1: a counter is a number from 0 up")
            .but(VALUES),
        bad(P, "# TYPE a counter\na NaN\n", "line 2: a is NaN: a counter").but(VALUES),
        bad(P, "# TYPE a summary\na{quantile=\"50\"} 1\n", "line 2: a has quantile=`50`")
            .but(VALUES),
        bad(P, "# TYPE a summary\na{quantile=\"x\"} 1\n", "line 2: a has quantile=`x`"),
        bad(P, "# TYPE a summary\na 1\n", "line 2: the sample a of a summary without the label")
            .but(POINTS),
        bad(
            P,
            "# TYPE a summary\na{quantile=\"0.9\"} 1\na{quantile=\"0.5\"} 1\n",
            "line 3: the quantiles of a: 0.5 comes after 0.9",
        )
        .but(GROUPS),
        bad(
            P,
            "# TYPE a histogram\na 1\n",
            "line 2: the sample a of the histogram a: want a_bucket",
        )
        .but(TYPES),
        bad(P, "# TYPE a histogram\na_bucket{le=\"x\"} 1\n", "line 2: a_bucket has le=`x`"),
        bad(P, "# TYPE a histogram\na_bucket 1\n", "line 2: a_bucket without the label le")
            .but(POINTS),
        bad(P, "# TYPE a histogram\na_bucket{le=\"1\"} -1\n", "a bucket is a number from 0 up")
            .but(VALUES),
        bad(
            P,
            "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
            "line 4: the histogram `a` has no bucket with le=\"+Inf\"",
        )
        .but(POINTS),
        bad(
            P,
            "# TYPE a histogram\na_sum 1\na_count 1\n\
             a_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\" 1\n",
            "line 5: `1` after the value of label le",
        ),
        bad(
            P,
            "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n",
            "line 4: the histogram `a` has a _count of 2, and 1 in the bucket of le=\"+Inf\"",
        )
        .but(POINTS),
        bad(
            P,
            "# TYPE a histogram\na_bucket{le=\"1\"} 3\n\
             a_bucket{le=\"2\"} 2\na_bucket{le=\"+Inf\"} 3\n",
            "line 3: the histogram `a` has 2 up to 2 \
             and 3 up to 1: each bucket counts the smaller",
        )
        .but(POINTS),
        bad(
            P,
            "# TYPE a histogram\na_bucket{le=\"10\"} 1\n\
             a_bucket{le=\"5\"} 1\na_bucket{le=\"+Inf\"} 3\n",
            "line 3: the buckets of `a`: 5 comes after 10",
        )
        .but(GROUPS),
        bad(
            P,
            "# TYPE a histogram\na_bucket{le=\"1\"} 1\n\
             a_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 3\n",
            "line 3: the buckets of `a`: 1 comes after 1",
        )
        .but(POINTS),
        bad(
            P,
            "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\n# TYPE a_count gauge\na_count 1\n",
            "line 3: the gauge a_count has samples called a_count, as has a (line 1)",
        ),
        bad(
            P,
            "# TYPE a_count gauge\na_count 1\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\n",
            "line 3: the histogram a has samples called a_count, as has a_count (line 1)",
        )
        .but(CLASH),
        good(O, "# EOF\n"),
        good(O, "# EOF"),
        good(O, PYTHON_OPEN),
        good(O, RUST_OPEN),
        good(
            O,
            "foo{} 1\nx_total 1\nbar{a=\"\",b=\"é\"} -INFINITY\n\
             baz nan\nq .5e-3\nr 0042.\n# EOF\n",
        ),
        good(O, "# HELP foo \n# UNIT foo \n# TYPE foo gauge\nfoo{a=\"C:\\dir\"} 1\n# EOF\n"),
        good(O, "foo 1 1700000000.123\nfoo 2 1700000001\n# EOF\n"),
        good(O, "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\n# EOF\n"),
        good(
            O,
            "# TYPE a histogram\na_bucket{le=\"0\"} 8 # {} 0 1.7e9\n\
             a_bucket{le=\"+Inf\"} 8\n# EOF\n",
        ),
        good(O, "# TYPE a summary\na{quantile=\"0.9\"} 1\na{quantile=\"0.5\"} NaN\n# EOF\n"),
        good(O, "# TYPE a gauge\n# TYPE b counter\nb_total 0\n# EOF\n"),
        good(
            O,
            "# TYPE a info\na_info 1\n# TYPE b gaugehistogram\nb_bucket{le=\"+Inf\"} 1\n# EOF\n",
        ),
        bad(O, "", "line 1: the last line is not `# EOF`"),
        bad(O, "foo 1\n", "line 1: the last line is not `# EOF`"),
        bad(O, "foo 1\n# EOF\n# EOF\n", "line 3: a second `# EOF`, the first is at line 2"),
        bad(O, "foo 1\n# EOF\nbar 1\n", "line 3: `bar 1` after the `# EOF` of line 2"),
        bad(O, "foo 1\n# EOF\n\n", "line 3: `` after the `# EOF` of line 2"),
        bad(O, "foo 1\n# EOF \n", "line 2: `# EOF `: OpenMetrics has no comments"),
        bad(O, "foo 1\n#EOF\n", "line 2: `#EOF`: OpenMetrics has no comments"),
        bad(O, "foo 1\r\n# EOF\r\n", "line 1: the line ends in `\\r\\n`"),
        bad(O, "# HELP foo x\r\nfoo 1\n# EOF\n", "line 1: the line ends in `\\r\\n`").but(UNSEEN),
        bytes(O, b"# HELP foo \xff\n# EOF\n", "line 1: byte 12 of the line"),
        bytes(O, b"foo{a=\"\xc3\"} 1\n# EOF\n", "line 1: byte 8 of the line"),
        bad(O, "foo 1\n\nbar 1\n# EOF\n", "line 2: an empty line"),
        bad(O, "# hi\nfoo 1\n# EOF\n", "line 1: `# hi`: OpenMetrics has no comments"),
        bad(O, "#TYPE foo gauge\n# EOF\n", "line 1: `#TYPE foo gauge`"),
        bad(O, "#  TYPE foo gauge\n# EOF\n", "line 1: `#  TYPE foo gauge`"),
        bad(O, "# TYPE  foo gauge\n# EOF\n", "line 1: `  ` before the metric name"),
        bad(O, "# TYPE foo\n# EOF\n", "line 1: nothing after the name: want `# TYPE foo type`"),
        bad(O, "# HELP foo\n# EOF\n", "line 1: nothing after the name: want `# HELP foo text`"),
        bad(O, "# UNIT foo\n# EOF\n", "line 1: nothing after the name: want `# UNIT foo unit`"),
        bad(
            O,
            "# TYPE foo untyped\n# EOF\n",
            "line 1: `untyped` in a TYPE line: OpenMetrics has counter",
        ),
        bad(O, "# TYPE foo Gauge\n# EOF\n", "line 1: `Gauge` in a TYPE line"),
        bad(O, "# TYPE foo gauge \n# EOF\n", "line 1: `gauge ` in a TYPE line"),
        bad(
            O,
            "# UNIT foo s\nfoo 1\n# EOF\n",
            "line 1: the unit `s` is not the end of the name foo",
        ),
        bad(O, "# UNIT foos s\nfoos 1\n# EOF\n", "want a name such as foos_s"),
        bad(O, "# TYPE a_s info\n# UNIT a_s s\n# EOF\n", "line 2: a_s has the unit `s`: an info")
            .but(METADATA),
        bad(O, "foo  1\n# EOF\n", "line 1: `  ` before the value: OpenMetrics wants one space"),
        bad(O, "foo\t1\n# EOF\n", "line 1: `\\t` before the value"),
        bad(O, " foo 1\n# EOF\n", "line 1: ` foo 1` where a metric name should be"),
        bad(O, "foo 1 \n# EOF\n", "line 1: ` ` at the end of the line: want nothing there"),
        bad(O, "foo 1 1700000000 \n# EOF\n", "line 1: ` ` at the end of the line"),
        bad(O, "foo{a=\"b\"}1\n# EOF\n", "line 1: `1` where a space and the value should come"),
        bad(O, "foo\n# EOF\n", "line 1: the line ends where a space and the value"),
        bad(O, "foo {a=\"b\"} 1\n# EOF\n", "line 1: a space before `{`"),
        bad(O, "foo{ a=\"b\"} 1\n# EOF\n", "line 1: ` a=\"b\"} 1` where a label name should be"),
        bad(O, "foo{a=\"b\", c=\"d\"} 1\n# EOF\n", "line 1: ` c=\"d\"} 1` where a label name"),
        bad(O, "foo{a=\"b\",} 1\n# EOF\n", "line 1: `,}`: OpenMetrics allows no comma"),
        bad(O, "foo{a=\"b\",a=\"c\"} 1\n# EOF\n", "line 1: the label a is there twice"),
        bad(O, "foo{__name__=\"b\"} 1\n# EOF\n", "line 1: the label __name__ is reserved"),
        bad(O, "foo{a=\"b} 1\n# EOF\n", "line 1: the value of label a has no closing quote"),
        bad(O, "foo 1e999\n# EOF\n", "line 1: the value `1e999` is not a number"),
        bad(O, "foo 1 NaN\n# EOF\n", "line 1: the timestamp `NaN` is not a number of seconds"),
        bad(O, "foo 1 1700000000 5\n# EOF\n", "line 1: ` 5` where the line should end"),
        bad(O, "foo 1 1700000000 # {a=\"b\"} 1\n# EOF\n", "line 1: an exemplar for foo"),
        bad(
            O,
            "foo_total 1 # {a=\"b\"}\n# EOF\n",
            "in the exemplar: the line ends where a space and a value",
        ),
        bad(O, "foo_total 1 #{a=\"b\"} 1\n# EOF\n", "line 1: ` #{a=\"b\"} 1` as an exemplar"),
        bad(
            O,
            "foo_total 1 # {a=\"b\"} x\n# EOF\n",
            "line 1: the exemplar's value `x` is not a number",
        ),
        bad(O, "foo_total 1 # {a=\"b\"} 1 2 3\n# EOF\n", "line 1: ` 3` where the line should end"),
        bad(O, "foo_total 1 # {a=b} 1\n# EOF\n", "line 1: in the exemplar: the value of label a"),
        bad(
            O,
            concat!(
                "foo_total 1 # {",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=\"",
                "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbé\"} 1\n# EOF\n"
            ),
            "line 1: the exemplar's labels have 129 characters: want at most 128",
        )
        .but("promtool leaves the length to what stores exemplars"),
        bad(
            O,
            "# TYPE a histogram\na_bucket{le=\"1\"} 1 # {} 2\na_bucket{le=\"+Inf\"} 1\n# EOF\n",
            "line 2: the exemplar's value 2 is not in the bucket of le=\"1\"",
        )
        .but(VALUES),
        bad(O, "# TYPE a gauge\n# TYPE a gauge\n# EOF\n", "line 2: a second TYPE line of a")
            .but(METADATA),
        bad(O, "# UNIT a_b b\n# UNIT a_b b\n# EOF\n", "line 2: a second UNIT line of a_b")
            .but(METADATA),
        bad(O, "a 1\n# TYPE a gauge\n# EOF\n", "line 2: the TYPE line of a comes after")
            .but(METADATA),
        bad(
            O,
            "a_total 1\n# TYPE a counter\n# EOF\n",
            "line 2: the TYPE line of the counter a comes after its sample a_total (line 1)",
        )
        .but(METADATA),
        bad(
            O,
            "# TYPE a gauge\na 1\nb 1\na{x=\"1\"} 1\n# EOF\n",
            "line 4: more of a, which began at line 1",
        )
        .but(GROUPS),
        bad(
            O,
            "# TYPE a counter\na_total{x=\"1\"} 1\n\
             a_total{x=\"2\"} 1\na_created{x=\"1\"} 1\n# EOF\n",
            "line 4: more of `a{x=\"1\"}`, after samples with other labels",
        )
        .but(GROUPS),
        bad(O, "a 1\na 1\n# EOF\n", "line 2: `a` is already at line 1").but(TWICE),
        bad(O, "a 1 1700000000\na 1 1700000000\n# EOF\n", "line 2: `a` is already at line 1")
            .but(TWICE),
        bad(
            O,
            "# TYPE a_total counter\na_total 1\n# EOF\n",
            "; in OpenMetrics the TYPE line of a_total is `# TYPE a counter`",
        )
        .but(TYPES),
        bad(
            O,
            "# TYPE a counter\na 1\n# EOF\n",
            "line 2: the sample a of the counter a: want a_total",
        )
        .but(TYPES),
        bad(O, "# TYPE a counter\na_created 1\n# EOF\n", "line 2: the counter `a` has no _total")
            .but(POINTS),
        bad(O, "# TYPE a counter\na_total -1\n# EOF\n", "line 2: a_total is -1").but(VALUES),
        bad(
            O,
            "# TYPE a counter\n# TYPE a_created gauge\n# EOF\n",
            "line 2: the gauge a_created has samples called a_created, as has a (line 1)",
        )
        .but(CLASH),
        bad(
            O,
            "# TYPE a info\na_info 2\n# EOF\n",
            "line 2: a_info is 2: the value of an info is always 1",
        )
        .but(VALUES),
        bad(O, "# TYPE a stateset\na{a=\"x\"} 2\n# EOF\n", "line 2: a is 2: the value of a state")
            .but(VALUES),
        bad(O, "# TYPE a stateset\na 1\n# EOF\n", "line 2: a without the label a").but(TYPES),
        bad(
            O,
            "# TYPE a summary\na{quantile=\"0.5\"} -1\n# EOF\n",
            "line 2: a quantile of a is -1",
        )
        .but(VALUES),
        bad(O, "# TYPE a summary\na_sum -1\na_count 1\n# EOF\n", "line 2: a_sum is -1").but(VALUES),
        bad(
            O,
            "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1.5\n# EOF\n",
            "line 2: a_bucket is 1.5: OpenMetrics wants a bucket to be a whole number",
        )
        .but(VALUES),
        bad(
            O,
            "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\n# EOF\n",
            "line 3: the histogram `a` has a _count but no _sum",
        )
        .but(POINTS),
        bad(
            O,
            "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gsum 1\n# EOF\n",
            "line 3: the histogram `a` has a _gsum but no _gcount",
        )
        .but(POINTS),
        bad(
            O,
            "# TYPE a histogram\na_bucket{le=\"-1\"} 1\n\
             a_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n# EOF\n",
            "line 5: the histogram `a` has a _sum and a bucket below 0",
        )
        .but(POINTS),
        bad(
            O,
            "# TYPE a histogram\na_bucket{le=\"1\"} 1\n# EOF\n",
            "line 2: the histogram `a` has no bucket with le",
        )
        .but(POINTS),
    ];

    #[test]
    fn cases_are_told_as_they_should_be() {
        for Case { format, text, fault, .. } in CASES {
            let faults = Exposition::read(text, *format).faults;
            let first = faults.first().map(ToString::to_string);
            let agrees = match (&first, fault) {
                (None, None) => true,
                (Some(first), Some(part)) => first.contains(part),
                _ => false,
            };
            let text = String::from_utf8_lossy(text);
            assert!(agrees, "{format:?}\n{text}\nwant {fault:?}\ngot  {first:?}");
        }
    }

    /// As promtool imports only samples with a time, each without gets one.
    fn with_timestamps(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            let Some(line) = str::from_utf8(line).ok().filter(|line| !line.starts_with('#')) else {
                out.extend_from_slice(line);
                continue;
            };
            let (head, exemplar) =
                line.split_at(line.find(" #").unwrap_or(line.trim_end_matches('\n').len()));
            let value = head.rfind('}').map_or(head.find(' ').unwrap_or(head.len()), |at| at + 1);
            let alone = head[value..]
                .strip_prefix(' ')
                .is_some_and(|value| !value.is_empty() && !value.contains([' ', '\t', '\r', '{']));
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(if alone { b" 1700000000" } else { b"" });
            out.extend_from_slice(exemplar.as_bytes());
        }
        out
    }

    /// The oracle: whether promtool reads this, and what it says.
    fn promtool(format: Format, text: &[u8]) -> std::io::Result<(bool, String)> {
        let dir = std::env::temp_dir().join(format!("exposition-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        let file = dir.join("metrics");
        let mut command = Command::new("promtool");
        match format {
            Format::Prometheus => {
                fs::write(&file, text)?;
                command.args(["check", "metrics"]).stdin(fs::File::open(&file)?);
            }
            Format::OpenMetrics => {
                fs::write(&file, with_timestamps(text))?;
                command.args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&file).arg(&dir);
                command.stdin(Stdio::null());
            }
        }
        let output = command.output();
        fs::remove_dir_all(&dir)?;
        let output = output?;
        // 3 is for advice on names and the like: the text was read.
        let is_read = matches!(output.status.code(), Some(0 | 3));
        Ok((is_read, String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    #[test]
    fn promtool_agrees() {
        if let Err(error) = Command::new("promtool").arg("--version").output() {
            let is_needed = std::env::var("NETLAB_ALL_TOOLS").is_ok_and(|value| value == "1");
            assert!(
                !is_needed,
                "promtool (Debian: apt install prometheus) does not start: {error}"
            );
            println!("promtool is not here: what it says is not compared");
            return;
        }
        let mut surprises = String::new();
        for Case { format, text, fault, differs } in CASES {
            let (is_read, said) =
                promtool(*format, text).expect("files in the temporary directory");
            let agrees = is_read == fault.is_none();
            if agrees != differs.is_none() {
                let text = String::from_utf8_lossy(text);
                let ours = fault.unwrap_or("no fault");
                surprises += &format!("{format:?}\n{text}\nhere: {ours}\npromtool: {said}\n\n");
            }
        }
        assert!(surprises.is_empty(), "{surprises}");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for (format, text) in [(P, FREE), (P, PYTHON), (O, RUST_OPEN), (O, PYTHON_OPEN)] {
            let text = text.as_bytes();
            for end in 0..text.len() {
                let cut = Exposition::read(&text[..end], format);
                let is_whole = text[..end].ends_with(b"# EOF")
                    || (format == P && text[..end].ends_with(b"\n"));
                assert!(is_whole || end == 0 || !cut.faults.is_empty(), "cut at {end}");
            }
            let mut changed = text.to_vec();
            for at in 0..text.len() {
                for byte in *b"\0\n\r\t \"#+,-.0\\={}_a\xc3\xff" {
                    changed[at] = byte;
                    let _ = Exposition::read(&changed, format);
                }
                changed[at] = text[at];
            }
        }
    }

    #[test]
    fn lines_after_a_bad_one_are_read() {
        let read = Exposition::read(b"a 1\nb{ 2\nc 3\nd x\ne 5\n", P);
        assert_eq!(read.value("a", &[]), Some(1.0));
        assert_eq!(read.value("c", &[]), Some(3.0));
        assert_eq!(read.value("e", &[]), Some(5.0));
        let lines: Vec<_> = read.faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [2, 4]);
    }

    #[test]
    fn samples_are_found_by_name_and_labels() {
        let read = Exposition::read(PYTHON.as_bytes(), P);
        assert_eq!(read.value("c_total", &[("a", "x\"y\\z\n")]), Some(1.0));
        assert_eq!(read.value("c_total", &[]), None);
        assert_eq!(read.value("h_bucket", &[("m", "a"), ("le", "1.0")]), Some(1.0));
        assert!(read.series().contains(r#"c_total{a="x\"y\\z\n"}"#));
        assert_eq!(read.series().len(), read.samples.len());
        let help = read.families["c_total"].help.as_deref();
        assert_eq!(help, Some("a \"counter\" \\ \n x"));
    }

    #[test]
    fn buckets_are_in_order_of_their_bounds() {
        let text = "a_bucket{le=\"+Inf\"} 9\na_bucket{le=\"10\"} 5\na_bucket{le=\"2e0\"} 3\n\
                    a_bucket{le=\"1\",x=\"y\"} 1\na_bucket 7\n";
        let read = Exposition::read(text.as_bytes(), P);
        assert_eq!(read.buckets("a", &[]), [(2.0, 3.0), (10.0, 5.0), (f64::INFINITY, 9.0)]);
        assert_eq!(read.buckets("a", &[("x", "y")]), [(1.0, 1.0)]);
    }

    #[test]
    fn samples_belong_to_their_family() {
        let kind = |read: &Exposition, name| read.family_of(name).and_then(|family| family.kind);
        let read = Exposition::read(PYTHON_OPEN.as_bytes(), O);
        assert_eq!(kind(&read, "c_total"), Some(Kind::Counter));
        assert_eq!(kind(&read, "h_sum"), Some(Kind::Histogram));
        assert_eq!(kind(&read, "i_info"), Some(Kind::Info));
        assert_eq!(read.family_of("c"), None);
        assert_eq!(read.families["g_seconds"].unit.as_deref(), Some("seconds"));
        let read = Exposition::read(PYTHON.as_bytes(), P);
        assert_eq!(kind(&read, "c_total"), Some(Kind::Counter));
        assert_eq!(kind(&read, "h_created"), Some(Kind::Gauge));
        assert_eq!(kind(&read, "h_bucket"), Some(Kind::Histogram));
    }

    #[test]
    fn content_types_name_the_format() {
        for good in [
            "text/plain",
            "Text/Plain; VERSION=0.0.4",
            "text/plain;charset=UTF-8 ; version=\"0.0.4\";",
        ] {
            assert_eq!(Format::of(Some(good)), Ok(P), "{good}");
        }
        for good in [
            "application/openmetrics-text",
            "application/openmetrics-text; charset=utf-8; version=1.0.0",
            "application/openmetrics-text;version=0.0.1;escaping=underscores",
        ] {
            assert_eq!(Format::of(Some(good)), Ok(O), "{good}");
        }
        for (bad, part) in [
            (None, "no Content-Type"),
            (Some(""), "the Content-Type is ``"),
            (Some("text/html"), "the Content-Type is `text/html`"),
            (Some("text/plain; version=1.2"), "has version `1.2`: want version=0.0.4"),
            (Some("application/openmetrics-text; version=2.0.0"), "want version=1.0.0"),
            (Some("text/plain; charset=iso-8859-1"), "has charset `iso-8859-1`"),
        ] {
            let text = Format::of(bad).expect_err("is wrong");
            assert!(text.contains(part), "{text}");
        }
    }
}
