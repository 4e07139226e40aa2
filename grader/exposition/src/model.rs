//! The contents of a page, and queries on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::format::Kind;
use crate::text::number;

#[cfg(test)]
mod tests;

/// Label names with their values.
pub type Labels = BTreeMap<String, String>;

/// One line with a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Counted from 1.
    pub line: usize,
    pub name: String,
    /// Without escapes.
    pub labels: Labels,
    pub value: f64,
    /// In seconds since 1970, although Prometheus text uses milliseconds.
    pub timestamp: Option<f64>,
}

impl Sample {
    /// The name with the labels, as both formats write them: `name{label="value"}`.
    #[must_use]
    pub fn series(&self) -> String {
        series(&self.name, &self.labels)
    }
}

/// What the metadata lines say about a metric family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// Its first line, counted from 1.
    pub line: usize,
    /// From the TYPE line; without one, the type is unknown.
    pub kind: Option<Kind>,
    /// Without escapes; `None` for an empty text, too.
    pub help: Option<String>,
    /// Only in OpenMetrics.
    pub unit: Option<String>,
    /// The line of its first sample.
    pub(crate) first_sample: Option<usize>,
}

/// One violation of the format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// What was found and what the format requires.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// A page of metrics.
#[derive(Clone, Debug, Default)]
pub struct Exposition {
    /// In the order of the page.
    pub samples: Vec<Sample>,
    /// By name.
    pub families: BTreeMap<String, Family>,
    /// In the order of their lines, at most 100.
    pub faults: Vec<Fault>,
    /// The family of each sample name.
    pub(crate) owners: BTreeMap<String, String>,
}

impl Exposition {
    /// The value of the sample with this name and exactly these labels. If there are several
    /// (OpenMetrics allows that with increasing timestamps), the last one.
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

/// Whether `labels`, without the label `ignored`, are exactly `wanted`.
fn same(labels: &Labels, wanted: &[(&str, &str)], ignored: Option<&str>) -> bool {
    let labels = labels.iter().filter(|(name, _)| Some(name.as_str()) != ignored);
    let wanted: BTreeMap<_, _> = wanted.iter().copied().collect();
    labels.map(|(name, value)| (name.as_str(), value.as_str())).eq(wanted)
}

/// A name with its labels, as both formats write them.
pub(crate) fn series(name: &str, labels: &Labels) -> String {
    let escaped =
        |value: &str| value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
    let pair = |(name, value): (&String, &String)| format!("{name}=\"{}\"", escaped(value));
    let inner: Vec<_> = labels.iter().map(pair).collect();
    if inner.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", inner.join(",")) }
}
