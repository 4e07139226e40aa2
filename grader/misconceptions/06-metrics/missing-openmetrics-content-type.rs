//! Misconception: text is text.
//!
//! Must fail:
//! - 06/scrape-format: the content type names a different format

pub fn scrape(metrics: &Arc<Metrics>) -> Response {
    match exposition::text(metrics) {
        Ok(text) => text.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
