//! How the checks start the server.

use engine::drive::Start;

/// The queues are long enough for messages from many clients to many clients.
pub(super) const LONG_QUEUES: Start = Start { flags: &["--queue", "4096"], ..Start::PLAIN };
