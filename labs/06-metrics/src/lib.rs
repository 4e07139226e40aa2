#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 06: a server whose numbers one can trust.
//!
//! - [`metrics`] counts (tasks 1 to 3): counters, a gauge that cannot leak, a
//!   histogram, and what they are called.
//! - [`handle`] serves one client, and counts what it does (tasks 1 and 3).
//! - [`serve`] accepts clients, and counts them and how they end (tasks 1, 2).
//! - [`scrape`] answers `GET /metrics` (tasks 1 and 4).
//!
//! Given are the reader of lines, `lines.rs`, what a line asks for,
//! `requests.rs`, and the text format, `exposition.rs`.

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

/// Given: the answer to `line`, when it is ready. PANIC is a bug, made on
/// purpose.
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

/// Serves one client: line after line, until the end of its input. Counts the
/// bytes that are read and those that are written, not those that should be;
/// requests, and how long each takes until its answer is written; bad sleeps.
///
/// # Errors
///
/// The line is refused (and the client told), or the connection broke.
pub async fn handle(
    stream: &mut TcpStream,
    metrics: &Metrics,
) -> Result<(), LineError> {
    todo!("tasks 1 and 3: answer lines, and count on the way")
}

/// Serves all clients, each in a task of its own. Counts them, those that are
/// there now, and the errors that end them; a panic ends one client only. When
/// `accept` fails (EMFILE), it waits a moment without blocking the thread, and
/// accepts again.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    todo!("tasks 1 and 2: accept, count, and hear how each task ends")
}

/// Given: answers `GET /metrics` with what [`scrape`] gives, and anything else
/// with 404.
///
/// # Errors
///
/// None that a running server can survive.
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

/// The answer to `GET /metrics`: the text (task 1), and what kind of text it is
/// (task 4).
pub fn scrape(metrics: &Arc<Metrics>) -> Response {
    todo!("tasks 1 and 4: exposition::text, with its content type")
}
