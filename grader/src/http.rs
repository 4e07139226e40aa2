//! One request over HTTP/1.1, as a scraper makes it.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;

use crate::capture::size;
use crate::client::{Connection, Trouble, Window};
use crate::process::Watched;
use crate::server::beside;

/// A page of metrics has some kilobytes; more may be the fault that a check is about.
const LARGEST: usize = 16 * 1024 * 1024;

/// What was answered.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// An answer of which part may lie where nobody counts it, in the library: so one proof of a hang is not
/// enough.
pub struct Unseen;

impl Watched for Unseen {
    fn moved(&self) -> u64 {
        0
    }

    fn has_unread(&self) -> bool {
        true
    }
}

/// What Prometheus says that it takes: OpenMetrics rather than its own older text.
const TAKES: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";

/// The text of a request for `path` of the server at `address`.
#[must_use]
pub fn request_text(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: {TAKES}\r\n\r\n").into_bytes()
}

/// Gets `path` from the server at `address`, over a connection of its own.
///
/// # Errors
///
/// Nobody is there, or what is answered is no HTTP, or too large.
pub async fn get(address: SocketAddr, path: &str) -> Result<Response, Trouble> {
    let stream = Connection::open(address, Window::Usual).await?.into_stream();
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| no_answer(path, &error))?;
    let request = Request::get(path).header(HOST, address.to_string()).header(ACCEPT, TAKES);
    let request = request.body(Empty::<Bytes>::new());
    let request = request.map_err(|error| Trouble::Machine(format!("GET {path}: {error}")))?;
    let answer = async {
        let response = sender.send_request(request).await;
        let (head, body) = response.map_err(|error| no_answer(path, &error))?.into_parts();
        let body = Limited::new(body, LARGEST).collect().await;
        let body = body.map_err(|error| no_answer(path, error.as_ref()))?.to_bytes().to_vec();
        let content_type = head.headers.get(CONTENT_TYPE);
        let content_type = content_type.map(|text| String::from_utf8_lossy(text.as_bytes()).into());
        Ok(Response { status: head.status.as_u16(), content_type, body })
    };
    beside(connection, answer).await
}

fn no_answer(path: &str, error: &(dyn Error + 'static)) -> Trouble {
    let mut reasons = vec![error.to_string()];
    let mut source = error.source();
    let mut is_end = error.downcast_ref::<hyper::Error>().is_some_and(|error| {
        error.is_incomplete_message() || error.is_canceled() || error.is_closed()
    });
    while let Some(error) = source {
        reasons.push(error.to_string());
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        is_end |= matches!(
            kind,
            Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof)
        );
        source = error.source();
    }
    let observed = vec![format!("GET {path}: no whole answer: {}", reasons.join(": "))];
    if is_end {
        let cause =
            "the connection was closed before the answer was whole: did what answers panic?";
        return Trouble::Lost { observed, cause: cause.to_owned() };
    }
    let cause = format!(
        "what is answered is HTTP/1.1, whole, and of at most {}: leave that to a library",
        size(LARGEST as u64)
    );
    Trouble::Wrong { observed, cause }
}
