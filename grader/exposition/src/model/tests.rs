use crate::pages::{PYTHON, PYTHON_OPEN};
use crate::{Exposition, Format, Kind};

#[test]
fn samples_are_found_by_name_and_labels() {
    let read = Exposition::read(PYTHON.as_bytes(), Format::Prometheus);
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
    let read = Exposition::read(text.as_bytes(), Format::Prometheus);
    assert_eq!(read.buckets("a", &[]), [(2.0, 3.0), (10.0, 5.0), (f64::INFINITY, 9.0)]);
    assert_eq!(read.buckets("a", &[("x", "y")]), [(1.0, 1.0)]);
}

#[test]
fn samples_belong_to_their_family() {
    let kind = |read: &Exposition, name| read.family_of(name).and_then(|family| family.kind);
    let read = Exposition::read(PYTHON_OPEN.as_bytes(), Format::OpenMetrics);
    assert_eq!(kind(&read, "c_total"), Some(Kind::Counter));
    assert_eq!(kind(&read, "h_sum"), Some(Kind::Histogram));
    assert_eq!(kind(&read, "i_info"), Some(Kind::Info));
    assert_eq!(read.family_of("c"), None);
    assert_eq!(read.families["g_seconds"].unit.as_deref(), Some("seconds"));
    let read = Exposition::read(PYTHON.as_bytes(), Format::Prometheus);
    assert_eq!(kind(&read, "c_total"), Some(Kind::Counter));
    assert_eq!(kind(&read, "h_created"), Some(Kind::Gauge));
    assert_eq!(kind(&read, "h_bucket"), Some(Kind::Histogram));
}
