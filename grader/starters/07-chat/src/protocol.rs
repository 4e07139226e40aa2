//! Given: the messages between clients and server, one JSON object per line.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The maximum length of a client's line in bytes, without its newline.
pub const MAX_LINE: usize = 4096;

/// The reason for a line that is not a command, and for a second join.
pub const BAD_JSON: &str = "bad json";

/// The reason for any other command before the join.
pub const JOIN_FIRST: &str = "join first";

/// A client's command.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Command {
    Join { user_id: String, room_id: String },
    Say { message: String },
    Who { who: bool },
}

impl Command {
    /// The command in `line`; `None` if it is not one of the three.
    pub fn parse(line: &str) -> Option<Self> {
        match serde_json::from_str(line) {
            Ok(Self::Who { who: false }) | Err(_) => None,
            Ok(command) => Some(command),
        }
    }

    /// The line for this command, with its newline.
    pub fn line(&self) -> String {
        json_line(self)
    }
}

/// What the server sends to its clients.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// To the client that joins. The users, including it, are sorted by bytes.
    Welcome { room_id: String, users: Vec<String> },
    /// To the others in the room.
    Joined { user_id: String },
    /// To the others in the room.
    Left { user_id: String },
    /// To everyone in the room.
    Message { user_id: String, message: String },
    /// To the client that asked. The users, including it, are sorted by bytes.
    Users { users: Vec<String> },
    /// To the client at fault.
    Error { reason: String },
}

impl Event {
    /// The line for this event, with its newline. Made once, however many
    /// clients it is sent to.
    pub fn line(&self) -> Arc<str> {
        json_line(self).into()
    }
}

/// Whether `text` is a valid name for a user or a room.
pub fn is_valid_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(allowed)
}

fn json_line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value);
    // Only maps with non-string keys, and failing writers, give errors.
    text.expect("strings and lists have a form in JSON") + "\n"
}
