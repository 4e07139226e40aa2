//! The two formats and their metric types.

use crate::text::{bail, shown};

#[cfg(test)]
mod tests;

/// A text format for metrics.
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
    /// The header is missing, or has an unsupported type, version or charset: a sentence for a report.
    pub fn of(content_type: Option<&str>) -> Result<Self, String> {
        const WANT: &str = "expected text/plain; version=0.0.4 (Prometheus) or \
                            application/openmetrics-text; version=1.0.0 (OpenMetrics)";
        let Some(header) = content_type else {
            bail!("the answer has no Content-Type: {WANT}");
        };
        let mut parts = header.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (format, versions): (_, &[&str]) = match media.as_str() {
            "text/plain" => (Self::Prometheus, &["0.0.4"]),
            "application/openmetrics-text" => (Self::OpenMetrics, &["1.0.0", "0.0.1"]),
            _ => bail!("the Content-Type is {}: {WANT}", shown(header)),
        };
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim().trim_matches('"');
            let key = key.trim().to_ascii_lowercase();
            if key == "version" && !versions.contains(&value) {
                bail!(
                    "the Content-Type {} has version {}: expected version={}",
                    shown(header),
                    shown(value),
                    versions[0]
                );
            }
            if key == "charset" && !value.eq_ignore_ascii_case("utf-8") {
                bail!(
                    "the Content-Type {} has charset {}: both formats require utf-8",
                    shown(header),
                    shown(value)
                );
            }
        }
        Ok(format)
    }

    /// The format's usual name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "Prometheus text",
            Self::OpenMetrics => "OpenMetrics",
        }
    }

    /// The types that a TYPE line may name.
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

    /// Parses the type of a TYPE line.
    pub(crate) fn kind(self, word: &str) -> Result<Kind, String> {
        let known = self.kinds();
        if let Some((_, kind)) = known.iter().find(|(name, _)| *name == word) {
            return Ok(*kind);
        }
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        let found = if word.is_empty() { "no type".to_owned() } else { shown(word) };
        Err(format!("{found} in a TYPE line: {} has {}", self.name(), names.join(", ")))
    }
}

/// The type of a metric family.
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
    /// The word in a TYPE line; `untyped` for a type that `format` does not have.
    #[must_use]
    pub fn name(self, format: Format) -> &'static str {
        let known = format.kinds().iter().find(|(_, kind)| *kind == self);
        known.map_or("untyped", |(name, _)| name)
    }

    /// What follows the family's name in the names of its samples.
    pub(crate) fn suffixes(self, format: Format) -> &'static [&'static str] {
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

    /// The label that distinguishes the samples of one metric, if they have one.
    pub(crate) fn inner_label(self, family: &str, suffix: &str) -> Option<String> {
        match (self, suffix) {
            (Self::Histogram | Self::GaugeHistogram, "_bucket") => Some("le".to_owned()),
            (Self::Summary, "") => Some("quantile".to_owned()),
            (Self::StateSet, "") => Some(family.to_owned()),
            _ => None,
        }
    }
}
