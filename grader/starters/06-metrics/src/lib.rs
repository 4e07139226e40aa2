#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
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
    todo!("tasks 1 and 3: answer lines, and count")
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
    todo!("tasks 1 and 2: accept, count, and see how each task ends")
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
    todo!("tasks 1 and 4: exposition::text, with its content type")
}
