//! How the engine speaks to a server of this lab: random calls, each answered with one frame.

use std::rc::Rc;

use engine::drive::{Answer, Connection, Context, Exchange, Mismatch, Payload, Request, WireError};
use engine::verdict::{Cause, Failure};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::call::{Call, some_id};
use super::causes;
use super::frame::shown_frames;
use super::object::{has, shown};
use super::reader::FrameReader;

/// A random call is answered.
#[derive(Debug)]
pub(super) struct FrameProtocol;

impl Exchange for FrameProtocol {
    fn request(&self, context: &Context) -> Request {
        let call = Call::any(context, some_id(context));
        Request { sends: call.frame().into(), answer: Rc::new(FrameAnswer(call.answer)) }
    }

    fn flood(&self, context: &Context, length: u64) -> Payload {
        let text = context.text(4000);
        let unit = Call::echo(some_id(context), &json!(text)).frame();
        Payload::Repeated { unit: unit.into(), length }
    }

    fn explain(&self, _: &Mismatch) -> Cause {
        causes::FRAMES_CORRUPTED.into()
    }
}

/// One frame whose body is an object with these members, and perhaps others.
#[derive(Clone, Debug)]
pub(super) struct FrameAnswer(pub Value);

impl Answer for FrameAnswer {
    fn read<'a>(&'a self, connection: &'a Connection) -> LocalBoxFuture<'a, Result<(), WireError>> {
        Box::pin(expect_frame(connection, &self.0))
    }
}

/// Reads a frame, and expects it to be an object that has `members`, and nothing after it.
async fn expect_frame(connection: &Connection, members: &Value) -> Result<(), WireError> {
    let mut frames = FrameReader::default();
    let object = frames.next(connection).await?;
    if !has(&object, members) {
        let cause = causes::of_wrong_answer(&object).map(Cause::from);
        return Err(Failure::property(format!("it got {}", shown(&object)))
            .observing(format!("not {}", shown(members)))
            .because_of(cause)
            .into());
    }
    if !frames.remaining().is_empty() {
        let more = shown_frames(frames.remaining());
        let observed = format!("after {}, it got {more}", shown(&object));
        return Err(Failure::property(observed).because(causes::MORE_THAN_ONE_ANSWER).into());
    }
    Ok(())
}
