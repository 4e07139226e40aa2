//! The chat protocol: one JSON object per line, from clients that first join a room.

use std::net::SocketAddr;
use std::rc::Rc;

use bytes::BytesMut;
use course::text::{printable, size};
use engine::drive::{
    Answer, BufferSize, Connection, Context, Dial, Dialled, Exchange, Mismatch, Payload, Request,
    WireError,
};
use engine::verdict::{Cause, Failure, FailureKind};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::causes;
use crate::json::parse_json;

/// The limit of a client's line in bytes, not counting its newline.
pub(super) const MAX_LINE: usize = 4096;

/// In bytes. No event of a correct server is longer here: a list of a few hundred users has a few kilobytes.
const MAX_EVENT: usize = 256 * 1024;

/// How much of a line reports show, in characters.
const MAX_SHOWN: usize = 120;

/// A client alone in its own room, under a unique name.
#[derive(Debug)]
pub(super) struct OwnRoom;

impl Dial for OwnRoom {
    fn dial(&self, context: &Context, address: SocketAddr, buffers: BufferSize) -> Dialled {
        // A run uses each serial number once, and no server outlives its run, so no server sees a name twice.
        let (journal, number) = (context.journal().clone(), context.serial());
        Box::pin(async move {
            let connection = Connection::open(&journal, address, buffers).await?;
            let room = format!("room-{number}");
            let join = json!({ "user_id": format!("guest-{number}"), "room_id": room });
            let welcome = json!({ "event": "welcome", "room_id": room });
            Event(welcome).after(&join).make(&connection).await?;
            Ok(connection)
        })
    }
}

/// A message is echoed to the client that sent it.
#[derive(Debug)]
pub(super) struct OwnMessage;

impl Exchange for OwnMessage {
    fn request(&self, context: &Context) -> Request {
        let message = context.word_text();
        let event = json!({ "event": "message", "message": message });
        Event(event).after(&json!({ "message": message }))
    }

    fn flood(&self, context: &Context, length: u64) -> Payload {
        let unit = line(&json!({ "message": long_message(context) }));
        Payload::Repeated { unit: unit.into(), length }
    }

    fn explain(&self, _: &Mismatch) -> Cause {
        causes::EVENTS_DIFFER.into()
    }
}

/// The answer to a request: one event with these members, and perhaps others.
#[derive(Debug)]
struct Event(Value);

impl Event {
    /// The request that sends `command` and is answered with this event.
    fn after(self, command: &Value) -> Request {
        Request { sends: line(command).into(), answer: Rc::new(self) }
    }
}

impl Answer for Event {
    fn read<'a>(&'a self, connection: &'a Connection) -> LocalBoxFuture<'a, Result<(), WireError>> {
        Box::pin(async {
            let mut lines = LineReader::default();
            let event = lines.event(connection).await?;
            if !has(&event, &self.0) {
                return Err(Failure::property(format!("it got {}", shown(&event))).into());
            }
            let more = lines.into_unread();
            if !more.is_empty() {
                let more = size(more.len() as u64);
                let observed = format!("{more} more arrived after {}", shown(&event));
                return Err(Failure::property(observed).into());
            }
            Ok(())
        })
    }
}

/// A message of a few kilobytes.
pub(super) fn long_message(context: &Context) -> String {
    context.text(MAX_LINE - 96)
}

/// A name that begins with `begin`. The rest is random, so that no program can know it in advance.
pub(super) fn named(context: &Context, begin: &str) -> String {
    format!("{begin}-{}", context.text(5))
}

/// The command to join `room` as `name`.
pub(super) fn join(name: &str, room: &str) -> Value {
    json!({ "user_id": name, "room_id": room })
}

/// The command that asks who is in the room.
pub(super) fn who() -> Value {
    json!({ "who": true })
}

/// The event `welcome`, with these users in this order.
pub(super) fn welcome(room: &str, users: &[&str]) -> Value {
    json!({ "event": "welcome", "room_id": room, "users": users })
}

/// The event `welcome`, for any room and users.
pub(super) fn any_welcome() -> Value {
    json!({ "event": "welcome" })
}

/// The event `joined`.
pub(super) fn joined(name: &str) -> Value {
    json!({ "event": "joined", "user_id": name })
}

/// The event `left`.
pub(super) fn left(name: &str) -> Value {
    json!({ "event": "left", "user_id": name })
}

/// The event `message`.
pub(super) fn message(name: &str, text: &str) -> Value {
    json!({ "event": "message", "user_id": name, "message": text })
}

/// The event `error`.
pub(super) fn error(reason: &str) -> Value {
    json!({ "event": "error", "reason": reason })
}

/// `object` as a line.
pub(super) fn line(object: &Value) -> Vec<u8> {
    format!("{object}\n").into_bytes()
}

/// Whether `object` has all of `members`, with these values.
pub(super) fn has(object: &Value, members: &Value) -> bool {
    let mut members = members.as_object().into_iter().flatten();
    members.all(|(name, value)| object.get(name) == Some(value))
}

/// `object` as reports show it.
pub(super) fn shown(object: &Value) -> String {
    printable(&object.to_string(), MAX_SHOWN)
}

/// Received text as reports show it.
pub(super) fn shown_text(bytes: &[u8]) -> String {
    printable(&String::from_utf8_lossy(bytes), MAX_SHOWN)
}

/// Splits the bytes of a connection into lines.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    /// What was received after the last line that was taken.
    buffer: BytesMut,
    /// This many bytes at the start of the buffer hold no newline.
    searched: usize,
}

impl LineReader {
    /// The next line, which must be JSON.
    pub(super) async fn event(&mut self, connection: &Connection) -> Result<Value, WireError> {
        let line = self.next(connection).await?;
        parse_json(&line).map_err(|error| {
            let observed = format!("a line that is not JSON ({error}): {}", shown_text(&line));
            Failure::property(observed).because(causes::EVENT_NOT_JSON).into()
        })
    }

    /// The received bytes that are not part of a line that was taken.
    pub(super) fn into_unread(self) -> BytesMut {
        self.buffer
    }

    /// The next line, without its newline.
    async fn next(&mut self, connection: &Connection) -> Result<BytesMut, WireError> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(line);
            }
            if self.buffer.len() > MAX_EVENT {
                let observed = format!("{} without a newline", size(self.buffer.len() as u64));
                let failure = Failure::property(observed);
                return Err(failure.because(causes::EVENT_WITHOUT_NEWLINE).into());
            }
            let mut piece = vec![0; 16 * 1024];
            match connection.read(&mut piece).await {
                Ok(0) => {
                    let observed = "the connection was closed (FIN)".to_owned();
                    return Err(self.ended(FailureKind::ConnectionLost { observed }));
                }
                Ok(count) => self.buffer.extend_from_slice(&piece[..count]),
                Err(error) => {
                    let (phase, reason, tls) = (None, error.to_string(), false);
                    let traffic = None;
                    let kind = FailureKind::ConnectionBroken { phase, reason, tls, traffic };
                    return Err(self.ended(kind));
                }
            }
        }
    }

    /// Takes the first line out of the buffer, if it is complete.
    fn take_line(&mut self) -> Option<BytesMut> {
        let rest = &self.buffer[self.searched..];
        let Some(end) = memchr::memchr(b'\n', rest) else {
            self.searched = self.buffer.len();
            return None;
        };
        let mut line = self.buffer.split_to(self.searched + end + 1);
        self.searched = 0;
        line.truncate(line.len() - 1);
        Some(line)
    }

    /// The failure of a connection that ended this way before the next line.
    fn ended(&self, kind: FailureKind) -> WireError {
        let mut failure = Failure::new(kind).because(causes::CLIENT_ENDED);
        if !self.buffer.is_empty() {
            let rest = shown_text(&self.buffer);
            failure = failure.observing(format!("before that: {rest}, without a newline"));
        }
        failure.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_one_by_one_and_the_rest_stays() {
        let mut lines = LineReader::default();
        lines.buffer.extend_from_slice(b"one\n\ntw");
        assert_eq!(lines.take_line().as_deref(), Some(&b"one"[..]));
        assert_eq!(lines.take_line().as_deref(), Some(&b""[..]));
        assert_eq!(lines.take_line(), None);
        lines.buffer.extend_from_slice(b"o\n!");
        assert_eq!(lines.take_line().as_deref(), Some(&b"two"[..]));
        assert_eq!(lines.into_unread(), b"!"[..]);
    }

    #[test]
    fn an_object_may_have_more_members_than_asked_for() {
        let event = json!({ "event": "joined", "user_id": "ana", "at": 5 });
        assert!(has(&event, &joined("ana")));
        assert!(!has(&event, &joined("bob")));
        assert!(!has(&event, &left("ana")));
        assert!(!has(&json!(["joined"]), &joined("ana")));
    }
}
