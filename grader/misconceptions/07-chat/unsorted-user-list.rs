//! Misconception: a map holds the users; their order does not matter.
//! Nondeterministic: random names decide which list is the first out of order
//!
//! Must fail:
//! - 07/join-welcome: the users of `welcome` are not sorted

use std::hash::{BuildHasherDefault, DefaultHasher};

/// Who is in a room.
type Room = HashMap<String, Outbox, BuildHasherDefault<DefaultHasher>>;
