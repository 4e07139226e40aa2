//! Checks of a single sample: its value, and the label that its type needs.

use crate::format::{Format, Kind};
use crate::model::Sample;
use crate::text::{bail, number, shown};

/// Checks a sample of a family of this type. An error is the text of a fault.
pub(super) fn check(
    sample: &Sample,
    kind: Kind,
    suffix: &str,
    family: &str,
    format: Format,
) -> Result<(), String> {
    let Sample { name, labels, value, .. } = sample;
    let is_open = format == Format::OpenMetrics;
    match (kind, suffix) {
        (Kind::Counter, "_total" | "") => not_negative(sample, "a counter"),
        (Kind::Histogram | Kind::GaugeHistogram, "_bucket") => bucket(sample, format),
        (Kind::Summary, "") => quantile(sample, format),
        (_, "_count" | "_gcount") => count(sample, "a count", format),
        (Kind::Histogram | Kind::Summary, "_sum") if is_open => {
            not_negative(sample, "a sum in OpenMetrics")
        }
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

fn not_negative(Sample { name, value, .. }: &Sample, what: &str) -> Result<(), String> {
    if value.is_nan() || *value < 0.0 {
        bail!("{name} is {value}: {what} must be at least 0");
    }
    Ok(())
}

fn count(sample: &Sample, what: &str, format: Format) -> Result<(), String> {
    let Sample { name, value, .. } = sample;
    if format == Format::OpenMetrics && value.fract() != 0.0 {
        bail!("{name} is {value}: OpenMetrics requires {what} to be a whole number");
    }
    not_negative(sample, what)
}

fn bucket(sample: &Sample, format: Format) -> Result<(), String> {
    let Sample { name, labels, .. } = sample;
    let Some(le) = labels.get("le") else {
        bail!("{name} without the label le: expected le=\"upper bound\"");
    };
    match number(le) {
        None => Err(format!("{name} has le={}: expected a number or +Inf", shown(le))),
        Some(bound) if bound.is_nan() => Err(format!("{name} has le=\"{le}\": expected a bound")),
        Some(_) => count(sample, "a bucket", format),
    }
}

fn quantile(Sample { name, labels, value, .. }: &Sample, format: Format) -> Result<(), String> {
    let Some(quantile) = labels.get("quantile") else {
        bail!(
            "the sample {name} of a summary without the label quantile: expected a label such \
             as quantile=\"0.5\", or the name {name}_sum or {name}_count"
        );
    };
    if !number(quantile).is_some_and(|quantile| (0.0..=1.0).contains(&quantile)) {
        bail!("{name} has quantile={}: expected a number from 0 to 1", shown(quantile));
    }
    // Prometheus text allows any value.
    if format == Format::OpenMetrics && *value < 0.0 {
        bail!("a quantile of {name} is {value}: OpenMetrics allows none below 0");
    }
    Ok(())
}
