//! Given: requests and answers, in JSON. This module does not know how the
//! bytes arrive.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

/// The reason for an empty body.
pub const EMPTY_FRAME: &str = "empty frame";

/// The reason for a body that is not a JSON object.
pub const BAD_JSON: &str = "bad json";

/// The reason for an unknown `op`.
pub const UNKNOWN_OP: &str = "unknown op";

/// The reason for a `value` that the `op` does not accept.
pub const BAD_VALUE: &str = "bad value";

/// What a frame asks for.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// The client's own id for the request. Null if it has none.
    pub id: Value,
    /// Empty if the request has none, or one that is not a string.
    pub op: String,
    /// Null if the request has none.
    pub value: Value,
}

impl Request {
    /// The request in `body`; `None` if that is not UTF-8, not JSON, not an
    /// object, or nested so deeply (128) that parsing could overflow the stack.
    pub fn parse(body: &[u8]) -> Option<Self> {
        // A derived `Deserialize` would accept a list of three as a request.
        let mut fields: Map<String, Value> =
            serde_json::from_slice(body).ok()?;
        let mut field = |name| fields.remove(name).unwrap_or_default();
        Some(Self {
            id: field("id"),
            op: field("op").as_str().unwrap_or_default().to_owned(),
            value: field("value"),
        })
    }
}

/// The server's answer to a frame.
#[derive(Debug, Serialize)]
pub struct Answer {
    id: Value,
    /// `"ok":value` or `"error":"reason"`.
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok(Value),
    Error(String),
}

impl Answer {
    /// The answer to the request with this `id`: its result.
    pub fn ok(id: Value, value: Value) -> Self {
        let outcome = Outcome::Ok(value);
        Self { id, outcome }
    }

    /// The answer to the request with this `id`, or null: why it failed.
    pub fn error(id: Value, reason: &str) -> Self {
        let outcome = Outcome::Error(reason.to_owned());
        Self { id, outcome }
    }

    /// The body of the frame with this answer.
    pub fn body(&self) -> Bytes {
        let json = serde_json::to_vec(self);
        // Only maps with non-string keys, and failing writers, give errors.
        json.expect("a value that was read can be written").into()
    }
}
