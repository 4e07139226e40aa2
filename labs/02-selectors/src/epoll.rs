//! Tasks 4 and 5: epoll(7).
//!
//! - [`epoll::add`], [`epoll::modify`] and [`epoll::delete`] change what the
//!   kernel watches.
//! - [`epoll::EventData::new_u64`] makes a token into the data that comes back
//!   with each event; `event.data.u64()` is the token again.
//! - [`epoll::wait`] takes a buffer (`self.batch.as_mut_slice()`) and returns
//!   two slices: the events that it found, and the unused part of the buffer.
//! - [`epoll::Event`] is packed, so a reference to one of its fields does not
//!   compile. Copy it first: `let flags = event.flags;`.
//! - ERR and HUP are reported without being asked for, as by poll.
//! - `Err(rustix::io::Errno::INTR)` means that the wait was interrupted.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use rustix::event::epoll;

use crate::selector::{Event, Interest, Selector, Token, Trigger};
use crate::sys::timespec;

/// The most events that one call returns. The others come with the next call.
const MAX_EVENTS: usize = 256;

/// With epoll the kernel keeps the list. There is nothing to remember here but
/// the descriptor that stands for it.
pub struct Epoll {
    epoll: OwnedFd,
    trigger: Trigger,
    /// The kernel writes its events into this, see [`epoll::wait`].
    batch: Box<[MaybeUninit<epoll::Event>; MAX_EVENTS]>,
}

impl Epoll {
    /// A selector that watches nothing yet.
    ///
    /// # Errors
    ///
    /// There is no descriptor to be had.
    pub fn new(trigger: Trigger) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let batch = Box::new([MaybeUninit::uninit(); MAX_EVENTS]);
        Ok(Self {
            epoll,
            trigger,
            batch,
        })
    }

    /// Task 4: what the kernel is to watch for. Task 5: with
    /// [`Trigger::Edge`], once for each change only (EPOLLET).
    fn flags(&self, interest: Interest) -> epoll::EventFlags {
        todo!("task 4: EPOLLIN to read, EPOLLOUT to write")
    }
}

impl Selector for Epoll {
    fn register(
        &mut self,
        socket: Rc<dyn AsFd>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        todo!("task 4: epoll::add")
    }

    fn modify(
        &mut self,
        socket: &dyn AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        todo!("task 4: epoll::modify")
    }

    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()> {
        todo!("task 4: epoll::delete")
    }

    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        todo!("task 4: clear events, call epoll::wait")
    }

    fn trigger(&self) -> Trigger {
        self.trigger
    }
}
