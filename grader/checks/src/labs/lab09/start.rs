//! How these checks start their servers.

use engine::drive::Start;

/// No deadline ends a frame here, however late the grader sends the rest of it.
pub(super) const PATIENT: Start = Start { flags: &["--frame-timeout-ms", "60000"], ..Start::PLAIN };

/// The default of `--max-frame`, in bytes.
pub(super) const DEFAULT_LIMIT: usize = 1_048_576;
