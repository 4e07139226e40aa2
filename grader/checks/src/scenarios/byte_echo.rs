//! A byte echo: whatever a client sends is echoed.

use std::rc::Rc;

use engine::drive::{Context, Exchange, Mismatch, Payload, Request};
use engine::verdict::Cause;

use super::causes;

/// Whatever a client sends is echoed.
#[derive(Debug)]
pub struct ByteEcho;

impl Exchange for ByteEcho {
    fn request(&self, context: &Context) -> Request {
        let bytes = context.bytes(1..=64);
        Request { sends: bytes.clone(), answer: Rc::new(bytes) }
    }

    fn flood(&self, context: &Context, length: u64) -> Payload {
        context.stream(length)
    }

    fn explain(&self, mismatch: &Mismatch) -> Cause {
        let cause = if mismatch.is_lossy() {
            causes::ECHO_TAKEN_FOR_TEXT
        } else if mismatch.rest().iter().all(|&byte| byte == 0) && mismatch.rest().len() > 1 {
            causes::WHOLE_BUFFER_WRITTEN
        } else {
            causes::BYTES_CHANGED
        };
        cause.into()
    }
}
