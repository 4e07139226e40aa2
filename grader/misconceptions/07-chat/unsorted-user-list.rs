//! Misconception: a map knows who is there; in which order does not matter.
//!
//! Must fail:
//! - 07/join-welcome: the users of `welcome` are not sorted

use std::hash::{BuildHasherDefault, DefaultHasher};

/// Who is in a room.
type Room = HashMap<String, Outbox, BuildHasherDefault<DefaultHasher>>;
