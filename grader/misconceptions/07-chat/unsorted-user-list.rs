//! Misconception: a map holds the users, and their order does not matter.
//! Nondeterministic: random names decide which list is the first out of order
//!
//! Must fail:
//! - 07/join-welcome: the users in `welcome` are not sorted

use std::hash::{BuildHasherDefault, DefaultHasher};

/// The users in a room.
type Room = HashMap<String, Outbox, BuildHasherDefault<DefaultHasher>>;
