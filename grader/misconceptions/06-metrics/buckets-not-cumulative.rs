//! Misconception: a bucket counts only what fell into it.
//!
//! Replaces: src/exposition.rs
//!
//! Must fail:
//! - 06/histogram-consistent: a bucket must include all lower ones
//! - 06/scrape-format: the page contradicts itself

use std::fmt::{self, Write};
use std::sync::Arc;

use crate::metrics::Metrics;

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4";

/// Returns all metrics as text, with their current values.
pub fn text(metrics: &Arc<Metrics>) -> Result<String, fmt::Error> {
    let mut page = Page(String::new(), std::marker::PhantomData);
    metrics.describe(&mut page)?;
    Ok(page.0)
}

/// Takes metrics, one after the other.
pub struct Page<'p>(String, std::marker::PhantomData<&'p ()>);

impl Page<'_> {
    fn head(&mut self, name: &str, help: &str, kind: &str) -> fmt::Result {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}")
    }

    pub fn counter(
        &mut self,
        name: &str,
        help: &str,
        value: u64,
    ) -> fmt::Result {
        let name = format!("{name}_total");
        self.head(&name, help, "counter")?;
        writeln!(self.0, "{name} {value}")
    }

    pub fn gauge(&mut self, name: &str, help: &str, value: i64) -> fmt::Result {
        self.head(name, help, "gauge")?;
        writeln!(self.0, "{name} {value}")
    }

    pub fn counters<'v>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'v str, u64)>,
    ) -> fmt::Result {
        let name = format!("{name}_total");
        self.head(&name, help, "counter")?;
        for (kind, value) in values {
            writeln!(self.0, "{name}{{{label}=\"{kind}\"}} {value}")?;
        }
        Ok(())
    }

    pub fn histogram(
        &mut self,
        name: &str,
        help: &str,
        sum: f64,
        buckets: &[(f64, u64)],
    ) -> fmt::Result {
        self.head(name, help, "histogram")?;
        for (bound, count) in buckets {
            let bound = if bound.is_finite() {
                bound.to_string()
            } else {
                "+Inf".to_owned()
            };
            writeln!(self.0, "{name}_bucket{{le=\"{bound}\"}} {count}")?;
        }
        writeln!(self.0, "{name}_sum {sum}")?;
        writeln!(
            self.0,
            "{name}_count {}",
            buckets.iter().map(|(_, count)| count).sum::<u64>()
        )
    }
}
