//! Samples that belong together: the parts of a histogram, summary or counter.

use std::collections::BTreeMap;

use super::faults::Faults;
use crate::format::{Format, Kind};
use crate::model::{Family, Labels, Sample, series};
use crate::text::shown;

/// The samples of one metric at one time.
#[derive(Default)]
struct Point {
    /// Its last line, or an unreadable one after it. A missing part is reported there, after the fault
    /// that may be the cause.
    line: usize,
    buckets: Vec<Bucket>,
    /// Line and value of the other samples, by suffix.
    parts: BTreeMap<&'static str, (usize, f64)>,
}

/// A bucket of a histogram with its count, or a quantile of a summary with its value.
#[derive(Clone, Copy)]
struct Bucket {
    line: usize,
    bound: f64,
    value: f64,
}

/// The name of a family, and a sample's labels without the inner label.
pub(super) type Metric = (String, Labels);

/// A metric and the bits of its timestamp.
type Key = (Metric, Option<u64>);

/// All points of a page.
#[derive(Default)]
pub(super) struct Points {
    points: BTreeMap<Key, Point>,
    /// The point of the last sample.
    last: Option<Key>,
}

impl Points {
    /// Adds a sample of `metric`. `bound` is its inner label, parsed if it is a number.
    pub(super) fn add(
        &mut self,
        sample: &Sample,
        suffix: &'static str,
        metric: Metric,
        bound: Option<Option<f64>>,
    ) {
        let Sample { line, value, .. } = *sample;
        let key = (metric, sample.timestamp.map(f64::to_bits));
        self.last = Some(key.clone());
        let point = self.points.entry(key).or_default();
        point.line = line;
        match bound {
            Some(Some(bound)) => point.buckets.push(Bucket { line, bound, value }),
            // The check of the sample has reported it.
            Some(None) => {}
            None => {
                point.parts.insert(suffix, (line, value));
            }
        }
    }

    /// Assigns an unreadable line to the point of the last sample.
    pub(super) fn move_last_to(&mut self, line: usize) {
        if let Some(point) = self.last.as_ref().and_then(|key| self.points.get_mut(key)) {
            point.line = line;
        }
    }

    /// Checks all points.
    pub(super) fn check(
        &self,
        families: &BTreeMap<String, Family>,
        format: Format,
        faults: &mut Faults,
    ) {
        let is_open = format == Format::OpenMetrics;
        for (((family, labels), _), point) in &self.points {
            let kind = families.get(family).and_then(|family| family.kind);
            let name = series(family, labels);
            match kind {
                Some(Kind::Histogram) => {
                    histogram(&shown(&name), point, ["_count", "_sum"], format, faults);
                }
                Some(Kind::GaugeHistogram) => {
                    histogram(&shown(&name), point, ["_gcount", "_gsum"], format, faults);
                }
                // OpenMetrics allows quantiles in any order.
                Some(Kind::Summary) if !is_open => {
                    rising(&name, &point.buckets, "quantiles", faults);
                }
                Some(Kind::Counter) if is_open && !point.parts.contains_key("_total") => {
                    faults.add(point.line, format!("the counter `{name}` has no _total"));
                }
                _ => {}
            }
        }
    }
}

/// Checks one histogram, whose count and sum have these suffixes.
fn histogram(
    name: &str,
    point: &Point,
    [count, sum]: [&str; 2],
    format: Format,
    faults: &mut Faults,
) {
    rising(name, &point.buckets, "buckets", faults);
    let mut sorted = point.buckets.clone();
    sorted.sort_by(|one, two| one.bound.total_cmp(&two.bound));
    cumulative(name, &sorted, faults);
    let all = sorted.last().filter(|bucket| bucket.bound == f64::INFINITY);
    match (all, point.parts.get(count)) {
        (None, _) => {
            let text = format!("the histogram {name} has no bucket with le=\"+Inf\"");
            faults.add(point.line, text);
        }
        // Both specifications require the two to be equal, although promtool does not check it.
        (Some(Bucket { value: all, .. }), Some((line, value))) if all != value => {
            let text = format!(
                "the histogram {name} has a {count} of {value}, but {all} in the bucket with \
                 le=\"+Inf\": they must be equal"
            );
            faults.add(*line, text);
        }
        _ => {}
    }
    // Prometheus text only says what count and sum are called, and promtool requires neither.
    if format == Format::OpenMetrics {
        let has_negative = sorted.first().is_some_and(|bucket| bucket.bound < 0.0);
        count_and_sum(name, point, [count, sum], has_negative, faults);
    }
}

/// Checks that count and sum are both present or both missing. A histogram, but not a gauge
/// histogram, with a negative bound must not have a sum.
fn count_and_sum(
    name: &str,
    point: &Point,
    [count, sum]: [&str; 2],
    has_negative: bool,
    faults: &mut Faults,
) {
    match (point.parts.get(count), point.parts.get(sum)) {
        (Some(_), None) => {
            faults.add(point.line, format!("the histogram {name} has a {count} but no {sum}"));
        }
        (None, Some(_)) => {
            faults.add(point.line, format!("the histogram {name} has a {sum} but no {count}"));
        }
        (Some(_), Some((line, _))) if sum == "_sum" && has_negative => {
            let text = format!(
                "the histogram {name} has a _sum and a bucket below 0: OpenMetrics does not allow \
                 both"
            );
            faults.add(*line, text);
        }
        _ => {}
    }
}

/// Checks that each bucket includes the smaller ones.
fn cumulative(name: &str, sorted: &[Bucket], faults: &mut Faults) {
    for pair in sorted.windows(2) {
        if let [low, high] = pair
            && high.value < low.value
        {
            let text = format!(
                "the histogram {name} has {} up to {} and {} up to {}: each bucket must \
                 include the smaller ones",
                high.value, high.bound, low.value, low.bound
            );
            faults.add(high.line, text);
        }
    }
}

/// Checks that the bounds increase in the order of the lines.
fn rising(name: &str, buckets: &[Bucket], what: &str, faults: &mut Faults) {
    for pair in buckets.windows(2) {
        if let [before, now] = pair
            && now.bound <= before.bound
        {
            let text = format!(
                "the {what} of {name}: {} comes after {}: they must increase",
                now.bound, before.bound
            );
            faults.add(now.line, text);
        }
    }
}
