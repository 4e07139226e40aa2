//! Misconception: the limit of the earlier labs applies here, too.
//! Edits: src/protocol.rs
//!
//! Must fail:
//! - 07/line-too-long: a line of 4,097 bytes is accepted

pub const MAX_LINE: usize = 8192;
