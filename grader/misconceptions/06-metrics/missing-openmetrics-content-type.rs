//! Misconception: a text is a text.
//!
//! Must fail:
//! - 06/scrape-format: its content type says that it is in the other format

pub fn scrape(metrics: &Arc<Metrics>) -> Response {
    match exposition::text(metrics) {
        Ok(text) => text.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
