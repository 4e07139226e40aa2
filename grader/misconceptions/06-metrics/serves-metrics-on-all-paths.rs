//! Misconception: no client requests another path.
//!
//! Must fail:
//! - 06/scrape-format: an unknown path is answered with 200

pub async fn serve_metrics(
    listener: TcpListener,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let answer = move || {
        let metrics = Arc::clone(&metrics);
        async move { scrape(&metrics) }
    };
    axum::serve(listener, Router::new().fallback(get(answer))).await
}
