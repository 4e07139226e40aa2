//! What the command line can be asked for, one file each.

pub mod bench;
pub mod check;
pub mod inspect;
pub mod list;
pub mod sync;
pub mod verify;

/// Exit status for wrong usage, and for verdicts that could not be reached.
pub const USAGE: u8 = 2;

/// Exit status when something failed.
pub const FAILED: u8 = 1;

/// Exit status after Ctrl-C, as shells have it.
pub const INTERRUPTED: u8 = 130;

/// Exit status when nobody reads the output any more: as if by SIGPIPE.
pub const NOT_READ: u8 = 141;
