//! Misconception: a page must show one moment until it is sent.
//! Adds: MOMENT
//!
//! Must fail:
//! - 06/scrape-under-load: a scraper that does not read delays all clients

static MOMENT: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

pub async fn handle(
    stream: &mut TcpStream,
    metrics: &Metrics,
) -> Result<(), LineError> {
    let (input, output) = stream.split();
    let count_in = |bytes: &[u8]| metrics.received.add(bytes.len() as u64);
    let count_out = |bytes: &[u8]| metrics.sent.add(bytes.len() as u64);
    let mut lines = Lines::new(InspectReader::new(input, count_in), MAX_LINE);
    let mut output = InspectWriter::new(output, count_out);
    loop {
        let line = match lines.next_line().await {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            Err(error @ LineError::Io(_)) => return Err(error),
            Err(error) => {
                // If this fails, too, count only the line's error.
                let _ = output.write_all(format!("{error}\n").as_bytes()).await;
                return Err(error);
            }
        };
        let start = Instant::now();
        let answer = reply(&line).await;
        output.write_all(answer.as_bytes()).await?;
        let _moment = MOMENT.lock().await;
        metrics.durations.observe(start.elapsed());
        metrics.requests.add(1);
        if answer == BAD_SLEEP {
            metrics.errors(ErrorKind::BadSleep).add(1);
        }
    }
}

pub async fn serve_metrics(
    listener: TcpListener,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    loop {
        let mut stream = accept(&listener).await;
        let metrics = Arc::clone(&metrics);
        tokio::spawn(async move {
            let (input, mut output) = stream.split();
            let mut lines = Lines::new(input, MAX_LINE);
            let mut path = String::new();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(rest) = line.strip_prefix("GET ") {
                    path = rest.split(' ').next().unwrap_or("").to_owned();
                }
                if !line.is_empty() {
                    continue;
                }
                let _moment = MOMENT.lock().await;
                let text = exposition::text(&metrics).unwrap_or_default();
                let (status, text) = match path.as_str() {
                    "/metrics" => ("200 OK", text),
                    _ => ("404 Not Found", String::new()),
                };
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{text}",
                    exposition::CONTENT_TYPE,
                    text.len()
                );
                if output.write_all(answer.as_bytes()).await.is_err() {
                    break;
                }
            }
        });
    }
}
