//! Misconception: every join contains two strings.
//! Edits: src/protocol.rs
//!
//! Must fail:
//! - 07/bad-json: a number instead of a name causes a panic

impl Command {
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
}
