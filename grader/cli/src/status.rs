//! Exit statuses.

/// Wrong usage, or no verdict could be reached.
pub const USAGE: u8 = 2;

/// Something failed.
pub const FAILED: u8 = 1;

/// After Ctrl-C: 128 + SIGINT, as in a shell.
pub const INTERRUPTED: u8 = 130;

/// The reader of the output has gone: 128 + SIGPIPE.
pub const NOT_READ: u8 = 141;
