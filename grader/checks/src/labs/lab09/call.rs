//! Requests, each with the answer of a correct server.

use engine::drive::Context;
use serde_json::{Value, json};

use super::frame::{HEADER, frame};

/// A request and its answer.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub request: Value,
    pub answer: Value,
}

impl Call {
    /// A request that is answered with `result`.
    fn answered(id: u64, op: &str, value: &Value, result: &Value) -> Self {
        let request = json!({ "id": id, "op": op, "value": value });
        Self { request, answer: json!({ "id": id, "ok": result }) }
    }

    /// A request that is answered with the error `reason`.
    pub(super) fn refused(id: u64, op: &str, value: &Value, reason: &str) -> Self {
        let request = json!({ "id": id, "op": op, "value": value });
        Self { request, answer: json!({ "id": id, "error": reason }) }
    }

    /// `value` is echoed.
    pub(super) fn echo(id: u64, value: &Value) -> Self {
        Self::answered(id, "echo", value, value)
    }

    /// The sum of `terms` is `sum`.
    pub(super) fn sum(id: u64, terms: &Value, sum: &Value) -> Self {
        Self::answered(id, "sum", terms, sum)
    }

    /// `text` is returned reversed.
    pub(super) fn reverse(id: u64, text: &str) -> Self {
        Self::answered(id, "reverse", &json!(text), &json!(text.chars().rev().collect::<String>()))
    }

    /// An easy call with a random op.
    pub(super) fn any(context: &Context, id: u64) -> Self {
        Self::easy(context, context.number(0..=2), id)
    }

    /// An easy call: letters and whole numbers. `turn` decides the op.
    pub(super) fn easy(context: &Context, turn: usize, id: u64) -> Self {
        match turn % 3 {
            0 => Self::echo(id, &json!(context.word_text())),
            1 => {
                let terms: Vec<_> = (0..3).map(|_| context.number(0..=1_000_000)).collect();
                Self::sum(id, &json!(terms), &json!(terms.iter().sum::<usize>()))
            }
            _ => Self::reverse(id, &context.word_text()),
        }
    }

    /// One call of each op, with multi-byte characters.
    pub(super) fn one_of_each(context: &Context) -> [Self; 3] {
        let id = some_id(context);
        let text = format!("é🦀{}", context.text(4));
        let terms = [context.number(1..=9), context.number(1..=9)];
        [
            Self::echo(id, &json!(text)),
            Self::sum(id + 1, &json!(terms), &json!(terms.iter().sum::<usize>())),
            Self::reverse(id + 2, &context.text(6)),
        ]
    }

    /// A call whose body has exactly `length` bytes.
    pub(super) fn of_length(context: &Context, length: usize) -> Self {
        let id = some_id(context);
        let around = Self::echo(id, &json!("")).frame().len() - HEADER;
        Self::echo(id, &json!(context.text(length - around)))
    }

    /// The request as a frame.
    pub(super) fn frame(&self) -> Vec<u8> {
        request_frame(&self.request)
    }
}

/// `request` as a frame.
pub(super) fn request_frame(request: &Value) -> Vec<u8> {
    frame(request.to_string().as_bytes())
}

/// The requests of several calls as frames, one right after the other.
pub(super) fn joined(calls: &[Call]) -> Vec<u8> {
    calls.iter().flat_map(Call::frame).collect()
}

/// A random id, so that no program can know the answer in advance.
pub(super) fn some_id(context: &Context) -> u64 {
    context.number(1..=1_000_000) as u64
}
