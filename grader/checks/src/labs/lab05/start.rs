//! How the server is started in most checks.

use engine::drive::Start;

/// A grace time that no check reaches: what ends before has ended by itself.
pub(super) const PATIENT: Start = Start { flags: &["--grace-ms", "60000"], ..Start::PLAIN };
