//! Misconception: epoll is the best of the three, so it serves for all.
//!
//! In place of: src/lib.rs
//!
//! Must fail:
//! - 02/poll/blocks-in-its-call: the call is epoll_wait
//! - 02/select/blocks-in-its-call: the same

mod epoll;
mod poll;
mod portable;
mod select;
mod selector;
mod server;
mod sys;

use std::io;

use clap::ValueEnum;

pub use epoll::Epoll;
pub use poll::Poll;
pub use portable::Portable;
pub use select::Select;
pub use selector::{Event, Interest, Registration, Selector, Token, Trigger};
pub use server::serve;

/// What waits for the sockets.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Backend {
    /// epoll(7)
    Epoll,
    /// poll(2)
    Poll,
    /// select(2)
    Select,
    /// What the crate `polling` takes here; not graded
    Portable,
}

/// The selector that the flags ask for.
///
/// # Errors
///
/// Only epoll has an edge; and the kernel may have no descriptor to give.
pub fn selector(
    backend: Backend,
    trigger: Trigger,
) -> io::Result<Box<dyn Selector>> {
    if trigger == Trigger::Edge && !matches!(backend, Backend::Epoll) {
        let reason = "--trigger edge needs --backend epoll";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    Ok(match backend {
        Backend::Epoll | Backend::Poll | Backend::Select => {
            Box::new(Epoll::new(trigger)?)
        }
        Backend::Portable => Box::new(Portable::new()?),
    })
}
