//! Task 2: requests that are answered with an error, after which the client continues.

use engine::drive::{Start, Trial};
use engine::verdict::{CheckError, Explanation};
use serde_json::json;

use super::call::{Call, request_frame, some_id};
use super::causes;
use super::client::FrameClient;
use super::frame::frame;
use super::object::error;

/// Bodies that are not requests, all for the same reason.
struct BadBodies {
    /// What they are, in a step.
    what: &'static str,
    bodies: &'static [&'static [u8]],
    cause: Explanation,
}

const BAD_BODIES: [BadBodies; 3] = [
    BadBodies {
        what: "bodies that are not JSON",
        bodies: &[
            b"hello",
            b"{",
            b" ",
            b"{'id':1}",
            b"{\"id\":1,\"op\":\"echo\",\"value\":}",
            b"{\"id\":1,\"op\":\"echo\",\"value\":1",
            b"{\"id\":1,\"op\":\"echo\",\"value\":1}}",
            b"{\"id\":1,\"op\":\"echo\",\"value\":1} x",
            b"\x00\x00\x00\x02{}",
        ],
        cause: causes::BAD_JSON_NOT_REFUSED,
    },
    BadBodies {
        what: "bodies that are not UTF-8, which JSON always is (RFC 8259, section 8.1)",
        bodies: &[
            b"\xff",
            b"{\"id\":1,\"op\":\"echo\",\"value\":\"\xff\xfe\"}",
            b"{\"id\":1,\"op\":\"echo\",\"value\":\"\xc3\"}",
        ],
        cause: causes::REPLACES_INVALID_UTF8,
    },
    BadBodies {
        what: "bodies that are JSON but not objects",
        bodies: &[
            b"[]",
            b"[1]",
            b"[1,\"echo\",2]",
            b"[\"echo\",1,2]",
            b"[\"echo\",2,1]",
            b"5",
            b"\"text\"",
            b"null",
            b"true",
        ],
        cause: causes::ACCEPTS_JSON_THAT_IS_NOT_AN_OBJECT,
    },
];

pub(super) async fn bad_json(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let client = FrameClient::connect(&server, "client A").await?;
    for BadBodies { what, bodies, cause } in BAD_BODIES {
        trial.step(format!(
            "client A sends {what}, and gets `bad json` for each; then it sends a request and gets an answer"
        ));
        for body in bodies {
            client.send(&frame(body)).await?;
            client.expect(&error("bad json"), Some(&cause)).await?;
        }
        client.ask_any(Some(&cause)).await?;
    }
    trial.step(
        "client B sends in one piece a request, a body that is not JSON, and another request",
    );
    let client = FrameClient::connect(&server, "client B").await?;
    let [first, last, _] = Call::one_of_each(trial);
    client.send(&[first.frame(), frame(b"hello"), last.frame()].concat()).await?;
    for answer in [&first.answer, &error("bad json"), &last.answer] {
        client.expect(answer, Some(&causes::BAD_JSON_NOT_REFUSED)).await?;
    }
    client.finish().await
}

pub(super) async fn unknown_op(trial: &Trial) -> Result<(), CheckError> {
    let cause = &causes::UNKNOWN_OP_NOT_REFUSED;
    let server = trial.start(&Start::PLAIN).await?;
    let client = FrameClient::connect(&server, "the client").await?;
    trial.step(
        "a client sends unknown ops with values of several types, and gets `unknown op` for each",
    );
    let word = trial.word_text();
    let id = some_id(trial);
    for (op, index) in ["delete", &word, "", "Echo", "SUM", "echo ", "rev"].into_iter().zip(0..) {
        for (value, more) in [json!(word), json!([1, 2]), json!(null)].iter().zip(0..) {
            let call = Call::refused(id + 3 * index + more, op, value, "unknown op");
            client.ask(&call, Some(cause)).await?;
        }
    }
    trial.step("it sends a request without an op, then one with a known op");
    client.send(&request_frame(&json!({ "id": id, "value": word }))).await?;
    client.expect(&json!({ "id": id, "error": "unknown op" }), Some(cause)).await?;
    client.ask_any(Some(cause)).await?;
    client.finish().await
}
