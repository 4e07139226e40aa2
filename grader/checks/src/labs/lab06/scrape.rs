//! Task 4: the format of the metrics page.

use std::rc::Rc;

use course::text::printable;
use engine::drive::{Server, Start, Trial};
use engine::verdict::{CheckError, Explanation, Failure};
use exposition::{Exposition, Fault, Format, Kind};

use super::causes;
use super::http::Response;
use super::numbers::{ACTIVE, CONNECTIONS, DURATION_COUNT, ERRORS, RECEIVED, REQUESTS, SENT};
use super::page::get;
use crate::expect;

/// One sample of each of the lab's metrics, and the metric's type.
const TYPES: [(&str, Kind); 7] = [
    (CONNECTIONS.name, Kind::Counter),
    (ACTIVE.name, Kind::Gauge),
    (REQUESTS.name, Kind::Counter),
    (RECEIVED.name, Kind::Counter),
    (SENT.name, Kind::Counter),
    (ERRORS, Kind::Counter),
    (DURATION_COUNT.name, Kind::Histogram),
];

/// The page is valid for its content type, with HELP and TYPE; other paths get 404.
pub(super) async fn scrape_format(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    trial.step("a client sends a line and a bad SLEEP, and gets both answers");
    let client = server.serve_new_client("the client").await?;
    client.say("SLEEP well\n", "ERR bad sleep\n").await?;
    client.finish().await?;
    trial.step("get the metrics page");
    let response = get(&server, "/metrics").await?;
    let (format, page) = read_strictly(&server, &response)?;
    trial.step("look for the TYPE and HELP of each metric");
    for (sample, kind) in TYPES {
        if let Some(failure) = wrong_metadata(&page, format, sample, kind) {
            return Err(server.process.fail_in_retrospect(failure));
        }
    }
    for path in ["/", "/metric", "/metrics/x"] {
        trial.step(format!("get {path}, which does not exist"));
        expect_not_found(&server, path).await?;
    }
    Ok(())
}

/// The page in `response`, parsed as its content type says.
fn read_strictly(server: &Server, response: &Response) -> Result<(Format, Exposition), CheckError> {
    /// More faults would not help the reader.
    const MAX_FAULTS: usize = 3;
    let shown = response.content_type.as_deref();
    let shown = shown.map_or("none".to_owned(), |text| format!("`{}`", printable(text, 100)));
    let format = format_of(server, response, &shown)?;
    let page = Exposition::read(&response.body, format);
    if page.faults.is_empty() {
        return Ok((format, page));
    }
    let mut observed: Vec<_> = page.faults.iter().take(MAX_FAULTS).map(Fault::to_string).collect();
    if page.faults.len() > MAX_FAULTS {
        observed.push(format!("and {} more", page.faults.len() - MAX_FAULTS));
    }
    let name = format.name();
    let failure = Failure::property_lines(observed)
        .expecting(format!("the page is valid {name}, as its content type {shown} says"))
        .because(causes::MALFORMED_PAGE)
        .certain();
    Err(server.process.fail_in_retrospect(failure))
}

/// The format that the content type of `response` names, which a report shows as `shown`.
fn format_of(server: &Server, response: &Response, shown: &str) -> Result<Format, CheckError> {
    const EXPECTED: &str =
        "GET /metrics returns status 200 and a content type that Prometheus knows";
    let Response { status, content_type, .. } = response;
    let failure = match Format::of(content_type.as_deref()) {
        Ok(format) if *status == 200 => return Ok(format),
        Ok(_) => Failure::property(format!("status {status}")),
        Err(reason) => Failure::property(format!("status {status}, content type {shown}"))
            .observing(reason)
            .because(causes::UNKNOWN_CONTENT_TYPE),
    };
    Err(server.process.fail_in_retrospect(failure.expecting(EXPECTED).certain()))
}

/// What is wrong with the metadata of the metric that `sample` belongs to.
fn wrong_metadata(page: &Exposition, format: Format, sample: &str, kind: Kind) -> Option<Failure> {
    let family = page.family_of(sample);
    let found = family.and_then(|family| family.kind);
    let has_help = family.is_some_and(|family| family.help.is_some());
    if found == Some(kind) && has_help {
        return None;
    }
    let observed = match (family, found) {
        (None, _) => format!("no metric has the sample {sample}"),
        (_, None) => "it has no TYPE".to_owned(),
        (_, Some(found)) if found != kind => format!("it is a {}", found.name(format)),
        _ => "it has no HELP".to_owned(),
    };
    let failure = Failure::property(observed)
        .expecting(format!("{sample} is a {} with TYPE and HELP", kind.name(format)))
        .because(metadata_name(format))
        .certain();
    Some(failure)
}

/// How metrics are named in TYPE and HELP lines of `format`.
fn metadata_name(format: Format) -> Explanation {
    match format {
        Format::OpenMetrics => causes::METADATA_NAME_IN_OPENMETRICS,
        Format::Prometheus => causes::METADATA_NAME_IN_PROMETHEUS,
    }
}

async fn expect_not_found(server: &Rc<Server>, path: &str) -> Result<(), CheckError> {
    let status = get(server, path).await?.status;
    expect::that_was(server, status == 404, || {
        Failure::property(format!("status {status}"))
            .expecting(format!("GET {path} returns status 404"))
            .because(causes::SERVES_EVERY_PATH)
            .certain()
    })
}
