//! Misconception: a request that is not understood has no id.
//!
//! Must fail:
//! - 09/unknown-op: the id is null

pub fn answer(body: &[u8]) -> Answer {
    if body.is_empty() {
        return Answer::error(Value::Null, EMPTY_FRAME);
    }
    let Some(Request { id, op, value }) = Request::parse(body) else {
        return Answer::error(Value::Null, BAD_JSON);
    };
    match compute(&op, value) {
        Ok(value) => Answer::ok(id, value),
        Err(UNKNOWN_OP) => Answer::error(Value::Null, UNKNOWN_OP),
        Err(reason) => Answer::error(id, reason),
    }
}
