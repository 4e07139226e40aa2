//! Misconception: who sends a join sends two strings.
//!
//! In place of: src/protocol.rs
//!
//! Must fail:
//! - 07/bad-json: a number in the place of a name is a panic

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The most bytes of a client's line, its newline not counted.
pub const MAX_LINE: usize = 4096;

/// The reason for a line that is no command, or one that makes no sense here.
pub const BAD_JSON: &str = "bad json";

/// The reason for a command, other than joining, before one has joined.
pub const JOIN_FIRST: &str = "join first";

/// What a client's line asks for.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Command {
    Join { user_id: String, room_id: String },
    Say { message: String },
    Who { who: bool },
}

impl Command {
    /// The command in `line`; `None` if it is none of the three.
    pub fn parse(line: &str) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_str(line).ok()?;
        if value.get("user_id").is_some() {
            let text = |name: &str| value[name].as_str().unwrap().to_owned();
            let (user_id, room_id) = (text("user_id"), text("room_id"));
            return Some(Self::Join { user_id, room_id });
        }
        match serde_json::from_value(value) {
            Ok(Self::Who { who: false }) | Err(_) => None,
            Ok(command) => Some(command),
        }
    }

    /// The line for this command, with its newline.
    pub fn line(&self) -> String {
        json_line(self)
    }
}

/// What the server tells its clients.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// To the one who has joined. Users are sorted by bytes, oneself included.
    Welcome { room_id: String, users: Vec<String> },
    /// To the others in the room.
    Joined { user_id: String },
    /// To the others in the room.
    Left { user_id: String },
    /// To all of the room.
    Message { user_id: String, message: String },
    /// To the one who has asked. Sorted by bytes, oneself included.
    Users { users: Vec<String> },
    /// To the one whose fault it is.
    Error { reason: String },
}

impl Event {
    /// The line for this event, with its newline: made once, however many it
    /// is sent to.
    pub fn line(&self) -> Arc<str> {
        json_line(self).into()
    }
}

/// Whether `text` may be the name of a user or a room.
pub fn is_valid_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(allowed)
}

fn json_line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value);
    // Only maps with other keys than strings, and broken writers, fail.
    text.expect("strings and lists have a form in JSON") + "\n"
}
