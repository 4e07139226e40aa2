//! Given: metrics as text, for Prometheus to read, by the crate
//! `prometheus-client`. The format is OpenMetrics 1.0.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::metrics::Metrics;

/// What the text is, as HTTP says it.
pub const CONTENT_TYPE: &str =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The text, as it is at this moment.
///
/// # Errors
///
/// [`Metrics::describe`] fails.
pub fn text(metrics: &Arc<Metrics>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Arc::clone(metrics)));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

impl Collector for Metrics {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.describe(&mut Page(encoder))
    }
}

/// Where metrics are written, one after the other. Each has a name, a sentence
/// on what it is (without a full stop), and one or several values.
pub struct Page<'p>(DescriptorEncoder<'p>);

impl Page<'_> {
    /// A number that only grows. `_total` is added to `name`.
    ///
    /// # Errors
    ///
    /// None, as long as there is memory; and so below.
    pub fn counter(
        &mut self,
        name: &str,
        help: &str,
        value: u64,
    ) -> fmt::Result {
        let encoder =
            self.0
                .encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(value).encode(encoder)
    }

    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: i64) -> fmt::Result {
        let encoder =
            self.0
                .encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value).encode(encoder)
    }

    /// One counter for each value of `label`. `_total` is added to `name`.
    pub fn counters<'v>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'v str, u64)>,
    ) -> fmt::Result {
        let mut family =
            self.0
                .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (kind, value) in values {
            ConstCounter::new(value)
                .encode(family.encode_family(&[(label, kind)])?)?;
        }
        Ok(())
    }

    /// How many observations fell into each bucket: the upper bound of each,
    /// and how many are in it and in none below. They are added up on the way.
    pub fn histogram(
        &mut self,
        name: &str,
        help: &str,
        sum: f64,
        buckets: &[(f64, u64)],
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(
            name,
            help,
            None,
            MetricType::Histogram,
        )?;
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<[(&str, &str); 0]>(sum, count, buckets, None)
    }
}
