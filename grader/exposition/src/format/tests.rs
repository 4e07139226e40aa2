use super::Format;

#[test]
fn content_types_name_the_format() {
    for good in
        ["text/plain", "Text/Plain; VERSION=0.0.4", "text/plain;charset=UTF-8 ; version=\"0.0.4\";"]
    {
        assert_eq!(Format::of(Some(good)), Ok(Format::Prometheus), "{good}");
    }
    for good in [
        "application/openmetrics-text",
        "application/openmetrics-text; charset=utf-8; version=1.0.0",
        "application/openmetrics-text;version=0.0.1;escaping=underscores",
    ] {
        assert_eq!(Format::of(Some(good)), Ok(Format::OpenMetrics), "{good}");
    }
    for (bad, part) in [
        (None, "no Content-Type"),
        (Some(""), "the Content-Type is ``"),
        (Some("text/html"), "the Content-Type is `text/html`"),
        (Some("text/plain; version=1.2"), "has version `1.2`: expected version=0.0.4"),
        (Some("application/openmetrics-text; version=2.0.0"), "expected version=1.0.0"),
        (Some("text/plain; charset=iso-8859-1"), "has charset `iso-8859-1`"),
    ] {
        let text = Format::of(bad).expect_err("is wrong");
        assert!(text.contains(part), "{text}");
    }
}
