//! The events that `epoll_wait` returns.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::event::{Timespec, epoll};

/// The maximum number of events from one `epoll_wait`.
const MAX_EVENTS: usize = 256;

/// Space for the events of one `epoll_wait`.
pub(super) struct EpollEvents(Box<[MaybeUninit<epoll::Event>; MAX_EVENTS]>);

impl EpollEvents {
    pub(super) fn new() -> Self {
        Self(Box::new([MaybeUninit::uninit(); MAX_EVENTS]))
    }

    /// Waits for events of `epoll`; returns none after `timeout` or a signal.
    pub(super) fn wait(&mut self, epoll: &OwnedFd, timeout: Duration) -> Result<&[epoll::Event]> {
        let timeout = Timespec::try_from(timeout)?;
        match epoll::wait(epoll, self.0.as_mut_slice(), Some(&timeout)) {
            Ok((found, _)) => Ok(found),
            Err(rustix::io::Errno::INTR) => Ok(&[]),
            Err(error) => Err(error).context("epoll_wait"),
        }
    }
}

/// The number of the client that `event` is for.
pub(super) fn client_of(event: &epoll::Event) -> usize {
    event.data.u64() as usize
}
