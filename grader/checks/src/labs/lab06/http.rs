//! One request over HTTP/1.1, as a scraper makes it.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use engine::drive::{BufferSize, Connection, WireError, run_while};
use engine::subject::Peer;
use engine::verdict::{Failure, FailureKind, Journal};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;

use super::causes;

/// In bytes. A metrics page has a few kilobytes; a larger one may be the fault that a check looks for.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// The formats that Prometheus accepts; it prefers OpenMetrics to its own older text.
const ACCEPTED: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";

/// An answer to a request.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// The peer of a wait for an answer. Part of the answer may be in hyper's buffers, which the grader cannot see, so a
/// single proof of a hang is not enough.
pub(super) struct OpaquePeer;

impl Peer for OpaquePeer {
    fn moved(&self) -> u64 {
        0
    }

    fn has_unread(&self) -> bool {
        true
    }
}

/// The bytes of a request for `path` to the server at `address`.
pub(super) fn request(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: {ACCEPTED}\r\n\r\n").into_bytes()
}

/// Gets `path` from the server at `address`, over a new connection.
///
/// # Errors
///
/// Nothing listens there, or the answer is not HTTP, not complete or too large.
pub async fn get(
    journal: &Journal,
    address: SocketAddr,
    path: &str,
) -> Result<Response, WireError> {
    let stream = Connection::open(journal, address, BufferSize::Default).await?.into_stream();
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| no_answer(path, &error))?;
    let request = Request::get(path).header(HOST, address.to_string()).header(ACCEPT, ACCEPTED);
    let request = request.body(Empty::<Bytes>::new());
    let request = request.map_err(|error| WireError::Machine(format!("GET {path}: {error}")))?;
    let answer = async {
        let response = sender.send_request(request).await;
        let (head, body) = response.map_err(|error| no_answer(path, &error))?.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await;
        let body = body.map_err(|error| no_answer(path, error.as_ref()))?.to_bytes().to_vec();
        let content_type = head.headers.get(CONTENT_TYPE);
        let content_type = content_type.map(|text| String::from_utf8_lossy(text.as_bytes()).into());
        Ok(Response { status: head.status.as_u16(), content_type, body })
    };
    run_while(connection, answer).await
}

/// The failure behind `error`: the server closed the connection too early, or its answer was wrong.
fn no_answer(path: &str, error: &(dyn Error + 'static)) -> WireError {
    let mut reasons = vec![error.to_string()];
    let mut closed = error.downcast_ref::<hyper::Error>().is_some_and(|error| {
        error.is_incomplete_message() || error.is_canceled() || error.is_closed()
    });
    let mut source = error.source();
    while let Some(error) = source {
        reasons.push(error.to_string());
        closed |= error.downcast_ref::<io::Error>().is_some_and(is_close);
        source = error.source();
    }
    let observed = format!("GET {path}: no complete answer: {}", reasons.join(": "));
    if closed {
        return WireError::new(
            FailureKind::ConnectionLost { observed },
            causes::CLOSED_BEFORE_ANSWER,
        );
    }
    Failure::property(observed).because(causes::NO_HTTP_ANSWER).into()
}

fn is_close(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof
    )
}

#[cfg(test)]
mod tests {
    use course::text::size;
    use engine::drive::TestServer;
    use engine::verdict::Cause;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// What a client gets from a server that answers with `bytes` and closes the connection.
    async fn get_from(bytes: &str) -> Result<Response, WireError> {
        let journal = Journal::default();
        let server = TestServer::open(&journal, BufferSize::Default).expect("a free port");
        let answer = async {
            let mut stream = server.accept().await.expect("a client").into_stream();
            let length = request(server.address, "/").len();
            stream.read_exact(&mut vec![0; length]).await.expect("a request");
            stream.write_all(bytes.as_bytes()).await.expect("the client reads");
        };
        tokio::join!(answer, get(&journal, server.address, "/")).1
    }

    async fn failure(bytes: &str) -> Failure {
        match get_from(bytes).await {
            Err(WireError::Failed(failure)) => *failure,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_answer_has_a_status_a_type_and_a_body() {
        let text = "HTTP/1.1 404 No\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc";
        let response = get_from(text).await.expect(text);
        assert_eq!((response.status, response.body.as_slice()), (404, b"abc".as_slice()));
        assert_eq!(response.content_type.as_deref(), Some("text/plain"));
    }

    #[tokio::test]
    async fn a_connection_that_is_closed_too_early_is_lost() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
        for bytes in ["", "HTTP/1.1 200", head, &format!("{head}abc")] {
            let failure = failure(bytes).await;
            assert!(matches!(failure.kind, FailureKind::ConnectionLost { .. }), "{failure:?}");
            assert_eq!(failure.cause, Some(Cause::from(causes::CLOSED_BEFORE_ANSWER)));
        }
    }

    #[test]
    fn the_explanation_says_how_large_an_answer_may_be() {
        assert!(causes::NO_HTTP_ANSWER.text().contains(&size(MAX_BODY as u64)));
    }

    #[tokio::test]
    async fn an_answer_in_another_protocol_is_wrong() {
        let failure = failure("ECHO: GET / HTTP/1.1\n").await;
        assert!(matches!(failure.kind, FailureKind::Property { .. }), "{failure:?}");
        assert_eq!(failure.cause, Some(causes::NO_HTTP_ANSWER.into()));
    }
}
