//! The subcommands, one file each.

pub mod absent;
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
pub mod slides;
pub mod watch;

// BEGIN HIDDEN
#[cfg(feature = "maintain")]
pub mod release;
#[cfg(feature = "maintain")]
pub mod sync;
#[cfg(feature = "maintain")]
pub mod verify;
// END HIDDEN
