//! What the command line can be asked for, one file each.

pub mod bench;
pub mod check;
pub mod inspect;
mod labs;
pub mod list;
pub mod sync;
pub mod verify;

pub use labs::find_lab;
