//! How the servers of these checks are started.

use engine::drive::Start;

/// No deadline ends a frame here, however late the grader is with the rest of it.
pub(super) const PATIENT: Start = Start { flags: &["--frame-timeout-ms", "60000"], ..Start::PLAIN };

/// What `--max-frame` is where it is not given, in bytes.
pub(super) const DEFAULT_LIMIT: usize = 1_048_576;
