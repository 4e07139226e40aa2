//! The subcommands, one file each.

#[cfg(feature = "bench")]
pub mod bench;
pub mod check;
pub mod inspect;
mod labs;
pub mod list;
pub mod sync;
#[cfg(feature = "proof")]
pub mod verify;
