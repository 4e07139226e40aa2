//! Given: writes metrics as text for Prometheus, with the crate
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

/// The content type of the text.
pub const CONTENT_TYPE: &str =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Returns all metrics as text, with their current values.
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

/// Takes metrics, one after the other. Each has a name, a short description
/// (without a full stop), and one or several values.
pub struct Page<'p>(DescriptorEncoder<'p>);

impl Page<'_> {
    /// A number that only grows. `_total` is added to `name`.
    ///
    /// # Errors
    ///
    /// None in practice, here and below.
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

    /// Each bucket has an upper bound, and the number of observations in it but
    /// in no lower bucket. The encoder makes the numbers cumulative.
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
