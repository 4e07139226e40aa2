//! How the server is started in most checks.

use engine::drive::Start;

/// A grace period that no check reaches: any earlier end has another reason.
pub(super) const PATIENT: Start = Start { flags: &["--grace-ms", "60000"], ..Start::PLAIN };
