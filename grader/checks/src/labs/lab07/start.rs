//! How the checks start the server.

use engine::drive::Start;

/// With queues for all that many clients say to many.
pub(super) const LONG_QUEUES: Start = Start { flags: &["--queue", "4096"], ..Start::PLAIN };
