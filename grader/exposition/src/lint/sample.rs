//! Sample lines.

use super::linter::Linter;
use super::value;
use crate::format::{Format, Kind};
use crate::model::{Sample, series};
use crate::text::{number, shown};

impl Linter {
    /// Takes a sample.
    pub(crate) fn sample(&mut self, sample: Sample) {
        let line = sample.line;
        let owner = self.page.owners.get(&sample.name).cloned();
        let family = owner.unwrap_or_else(|| sample.name.clone());
        self.enter(line, &family);
        self.page.owners.entry(sample.name.clone()).or_insert_with(|| family.clone());
        let known = self.family(&family);
        known.first_sample.get_or_insert(line);
        let kind = known.kind.unwrap_or(Kind::Unknown);
        let suffixes = kind.suffixes(self.format);
        let fits = |suffix: &&&str| sample.name.strip_suffix(**suffix) == Some(&family);
        match suffixes.iter().find(fits).copied() {
            Some(suffix) => {
                if let Err(text) = value::check(&sample, kind, suffix, &family, self.format) {
                    self.fault(line, text);
                }
                self.arrange(&sample, kind, suffix, &family);
            }
            None => {
                let text = unexpected_name(&sample.name, &family, kind, self.format);
                self.fault_once(line, &format!("suffix {family}"), text);
            }
        }
        self.page.samples.push(sample);
    }

    /// Checks the position of a sample and adds it to its point.
    fn arrange(&mut self, sample: &Sample, kind: Kind, suffix: &'static str, family: &str) {
        let is_second = self.order.repeats(sample, self.format, &mut self.faults);
        let mut metric = sample.labels.clone();
        let inner = kind.inner_label(family, suffix).and_then(|label| metric.remove(&label));
        let returns = self.order.returns_to(&metric);
        if returns && self.format == Format::OpenMetrics && !is_second {
            let text = format!(
                "{} continues after samples with other labels: OpenMetrics requires all samples \
                 of one label set to be together",
                shown(&series(family, &metric))
            );
            self.fault_once(sample.line, &format!("metric {family}"), text);
        }
        let has_points =
            matches!(kind, Kind::Histogram | Kind::GaugeHistogram | Kind::Summary | Kind::Counter);
        if has_points && !is_second {
            let bound = inner.map(|bound| number(&bound));
            self.points.add(sample, suffix, (family.to_owned(), metric), bound);
        }
    }
}

/// The text of a fault: a sample whose name does not match its family's type.
fn unexpected_name(sample: &str, family: &str, kind: Kind, format: Format) -> String {
    let suffixes = kind.suffixes(format);
    let wanted: Vec<_> = suffixes.iter().map(|suffix| format!("{family}{suffix}")).collect();
    let stem = family.strip_suffix("_total").filter(|_| kind == Kind::Counter);
    let hint = stem.map_or_else(String::new, |stem| {
        format!("; in OpenMetrics the TYPE line of {family} is `# TYPE {stem} counter`")
    });
    let kind = kind.name(format);
    format!("the sample {sample} of the {kind} {family}: expected {}{hint}", wanted.join(", "))
}
