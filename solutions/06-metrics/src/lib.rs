//! Lab 06: a server with numbers you can trust.
//!
//! - [`metrics`] has the counters, a gauge that cannot leak, a histogram, and
//!   their names (tasks 1 to 3).
//! - [`handle`] serves one client, and counts what it does (tasks 1 and 3).
//! - [`serve`] accepts clients, and counts them and their errors (tasks 1, 2).
//! - [`scrape`] answers `GET /metrics` (tasks 1 and 4).
//!
//! Given: the line reader (`lines.rs`), the parser of requests
//! (`requests.rs`), and the text format (`exposition.rs`).

pub mod exposition;
pub mod lines;
pub mod metrics;
pub mod requests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use lines::{LineError, Lines};
use metrics::{Active, ErrorKind, Metrics};
use requests::{BAD_SLEEP, MAX_LINE, Request, echo};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
// BEGIN HIDDEN
use tokio::task::JoinSet;
use tokio_util::io::{InspectReader, InspectWriter};
// END HIDDEN

/// Given: makes the answer to `line`. PANIC is a deliberate bug.
async fn reply(line: &str) -> String {
    if line == "PANIC" {
        panic!("a client has asked for it");
    }
    match Request::parse(line) {
        Request::Echo(text) => echo(text),
        Request::Sleep(time, text) => {
            sleep(time).await;
            echo(text)
        }
        Request::BadSleep => BAD_SLEEP.to_owned(),
    }
}

/// Serves one client, line by line, until the end of its input. Counts the
/// bytes actually read and written; requests, and how long each takes until
/// its answer is written; and bad sleeps.
///
/// # Errors
///
/// The line is refused (the client was told), or the connection broke.
pub async fn handle(
    stream: &mut TcpStream,
    metrics: &Metrics,
) -> Result<(), LineError> {
    // BEGIN SOLUTION: tasks 1 and 3: answer lines, and count
    // ANCHOR: wrap
    let (input, output) = stream.split();
    let count_in = |bytes: &[u8]| metrics.received.add(bytes.len() as u64);
    let count_out = |bytes: &[u8]| metrics.sent.add(bytes.len() as u64);
    let mut lines = Lines::new(InspectReader::new(input, count_in), MAX_LINE);
    let mut output = InspectWriter::new(output, count_out);
    // ANCHOR_END: wrap
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
        // ANCHOR: request
        let start = Instant::now();
        let answer = reply(&line).await;
        output.write_all(answer.as_bytes()).await?;
        metrics.durations.observe(start.elapsed());
        metrics.requests.add(1);
        if answer == BAD_SLEEP {
            metrics.errors(ErrorKind::BadSleep).add(1);
        }
        // ANCHOR_END: request
    }
    // END SOLUTION
}

/// Serves all clients, each in its own task. Counts accepted clients, connected
/// clients, and the errors that end them; a panic ends only one client. When
/// `accept` fails (EMFILE), waits a moment without blocking the thread, then
/// accepts again.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    // BEGIN SOLUTION: tasks 1 and 2: accept, count, and see how each task ends
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            mut stream = accept(&listener) => {
                metrics.connections.add(1);
                let active = Active::begin(&metrics);
                let metrics = Arc::clone(&metrics);
                clients.spawn(async move {
                    let _active = active;
                    // ANCHOR: ends
                    match handle(&mut stream, &metrics).await {
                        Ok(()) => {}
                        Err(LineError::TooLong) => metrics.errors(ErrorKind::LineTooLong).add(1),
                        Err(LineError::NotUtf8) => metrics.errors(ErrorKind::NotUtf8).add(1),
                        Err(LineError::Io(_)) => metrics.errors(ErrorKind::Io).add(1),
                    }
                    // ANCHOR_END: ends
                });
            }
            // ANCHOR: joined
            Some(result) = clients.join_next() => {
                if result.is_err_and(|error| error.is_panic()) {
                    metrics.errors(ErrorKind::Panic).add(1);
                }
            }
            // ANCHOR_END: joined
        }
    }
    // END SOLUTION
}

/// Given: answers `GET /metrics` with the result of [`scrape`], and any other
/// path with 404.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
pub async fn serve_metrics(
    listener: TcpListener,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let answer = move || {
        let metrics = Arc::clone(&metrics);
        async move { scrape(&metrics) }
    };
    axum::serve(listener, Router::new().route("/metrics", get(answer))).await
}

/// Makes the answer to `GET /metrics`: the text (task 1), and its content type
/// (task 4).
pub fn scrape(metrics: &Arc<Metrics>) -> Response {
    // BEGIN SOLUTION: tasks 1 and 4: exposition::text, with its content type
    match exposition::text(metrics) {
        Ok(text) => {
            ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
    // END SOLUTION
}

// BEGIN HIDDEN
/// Waits for the next client, and tries again when `accept` fails.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
// END HIDDEN
