//! The subcommands, one file each.

#[cfg(feature = "bench")]
pub mod bench;
pub mod check;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod hint;
pub mod inspect;
mod labs;
pub mod list;
pub mod next;
pub mod reset;
pub mod sync;
#[cfg(feature = "proof")]
pub mod verify;
pub mod watch;
