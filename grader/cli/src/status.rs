//! Exit statuses.

/// For wrong usage, and for verdicts that could not be reached.
pub const USAGE: u8 = 2;

/// When something failed.
pub const FAILED: u8 = 1;

/// After Ctrl-C, as shells have it.
pub const INTERRUPTED: u8 = 130;

/// When the output is not read any more: as if by SIGPIPE.
pub const NOT_READ: u8 = 141;
