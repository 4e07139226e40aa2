//! Misconception: a scrape is a request, too.
//!
//! Must fail:
//! - 06/counts-exact: each page shows one request more

pub fn scrape(metrics: &Arc<Metrics>) -> Response {
    metrics.requests.add(1);
    match exposition::text(metrics) {
        Ok(text) => {
            ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
