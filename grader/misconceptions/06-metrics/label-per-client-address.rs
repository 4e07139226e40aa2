//! Misconception: a page should show who the clients are; there are only so
//! many addresses.
//! Adds: CLIENTS
//!
//! Must fail:
//! - 06/no-label-growth: each address adds a series that is never removed

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;

/// How often each address has connected.
static CLIENTS: Mutex<BTreeMap<IpAddr, u64>> = Mutex::new(BTreeMap::new());

pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            mut stream = accept(&listener) => {
                metrics.connections.add(1);
                if let Ok(address) = stream.peer_addr() {
                    *CLIENTS.lock().unwrap().entry(address.ip()).or_default() += 1;
                }
                let active = Active::begin(&metrics);
                let metrics = Arc::clone(&metrics);
                clients.spawn(async move {
                    let _active = active;
                    match handle(&mut stream, &metrics).await {
                        Ok(()) => {}
                        Err(LineError::TooLong) => metrics.errors(ErrorKind::LineTooLong).add(1),
                        Err(LineError::NotUtf8) => metrics.errors(ErrorKind::NotUtf8).add(1),
                        Err(LineError::Io(_)) => metrics.errors(ErrorKind::Io).add(1),
                    }
                });
            }
            Some(result) = clients.join_next() => {
                if result.is_err_and(|error| error.is_panic()) {
                    metrics.errors(ErrorKind::Panic).add(1);
                }
            }
        }
    }
}

pub fn scrape(metrics: &Arc<Metrics>) -> Response {
    match exposition::text(metrics) {
        Ok(mut text) => {
            let mut clients =
                String::from("# TYPE echo_client_connections counter\n");
            for (address, number) in CLIENTS.lock().unwrap().iter() {
                clients += &format!(
                    "echo_client_connections_total{{client=\"{address}\"}} {number}\n"
                );
            }
            let end = text.len() - "# EOF\n".len();
            text.insert_str(end, &clients);
            ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
