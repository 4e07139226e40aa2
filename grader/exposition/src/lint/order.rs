//! The order of the lines: each family and each metric forms one group, and each series occurs once.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::Faults;
use crate::format::Format;
use crate::model::{Labels, Sample};
use crate::text::shown;

#[derive(Default)]
pub(super) struct Order {
    /// The family of the last line.
    family: String,
    /// The labels of the last sample without its inner label, such as `le`: what OpenMetrics calls
    /// a metric.
    metric: Option<Labels>,
    /// All earlier metrics of the current family.
    earlier: BTreeSet<Labels>,
    /// The last line and timestamp of each series.
    seen: BTreeMap<String, (usize, Option<f64>)>,
}

impl Order {
    /// Notes a line of `family`. Returns whether the last line belonged to another family.
    pub(super) fn enter(&mut self, family: &str) -> bool {
        if self.family == family {
            return false;
        }
        family.clone_into(&mut self.family);
        self.metric = None;
        self.earlier.clear();
        true
    }

    /// Notes a line of `family` whose position has already been reported.
    pub(super) fn resume(&mut self, family: &str) {
        family.clone_into(&mut self.family);
    }

    /// Notes the series of a sample. Returns whether it occurs a second time, which is a fault unless
    /// the format is OpenMetrics and the timestamps increase.
    pub(super) fn repeats(&mut self, sample: &Sample, format: Format, faults: &mut Faults) -> bool {
        let series = sample.series();
        let now = (sample.line, sample.timestamp);
        let Some((line, before)) = self.seen.insert(series.clone(), now) else { return false };
        let grows = matches!((before, sample.timestamp), (Some(one), Some(two)) if one < two);
        if grows && format == Format::OpenMetrics {
            return false;
        }
        let text = format!("{} is already on line {line}", shown(&series));
        faults.add(sample.line, text);
        true
    }

    /// Notes the metric of a sample. Returns whether other metrics separate it from its earlier samples.
    pub(super) fn returns_to(&mut self, metric: &Labels) -> bool {
        if self.metric.as_ref() == Some(metric) {
            return false;
        }
        self.earlier.extend(self.metric.replace(metric.clone()));
        self.earlier.contains(metric)
    }
}
