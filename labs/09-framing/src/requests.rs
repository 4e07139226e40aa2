//! Given: what a frame asks for, and how it is answered, in JSON. Nothing in
//! here knows how the bytes came.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

/// The reason for a body of no bytes.
pub const EMPTY_FRAME: &str = "empty frame";

/// The reason for a body that is no JSON object.
pub const BAD_JSON: &str = "bad json";

/// The reason for an `op` that there is not.
pub const UNKNOWN_OP: &str = "unknown op";

/// The reason for a `value` that the `op` cannot take.
pub const BAD_VALUE: &str = "bad value";

/// What a frame asks for.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// Whatever the client calls it by. Null if it has none.
    pub id: Value,
    /// Empty if it has none, or one that is no string.
    pub op: String,
    /// Null if it has none.
    pub value: Value,
}

impl Request {
    /// The request in `body`; `None` if that is no object, no JSON, not UTF-8,
    /// or nested so deep (128) that reading it could use up the stack.
    pub fn parse(body: &[u8]) -> Option<Self> {
        // A derived `Deserialize` would take a list of three for a request.
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

/// What the server says to a frame.
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
    /// To the request with this `id`: the value that came out.
    pub fn ok(id: Value, value: Value) -> Self {
        let outcome = Outcome::Ok(value);
        Self { id, outcome }
    }

    /// To the request with this `id`, or null: why there is no value.
    pub fn error(id: Value, reason: &str) -> Self {
        let outcome = Outcome::Error(reason.to_owned());
        Self { id, outcome }
    }

    /// The body of the frame that says so.
    pub fn body(&self) -> Bytes {
        let json = serde_json::to_vec(self);
        // Only maps with other keys than strings, and broken writers, fail.
        json.expect("a value that was read can be written").into()
    }
}
