//! Tasks 4 and 5: epoll(7).
//!
//! - [`epoll::add`], [`epoll::modify`] and [`epoll::delete`] change what the
//!   kernel watches.
//! - [`epoll::EventData::new_u64`] turns a token into the data that epoll
//!   returns with each event; `event.data.u64()` turns it back.
//! - [`epoll::wait`] takes a buffer (`self.batch.as_mut_slice()`) and returns
//!   two slices: the events, and the unused part of the buffer.
//! - [`epoll::Event`] is packed, so a reference to one of its fields does not
//!   compile. Copy it first: `let flags = event.flags;`.
//! - ERR and HUP are reported even if you did not ask for them, as with poll.
//! - `Err(rustix::io::Errno::INTR)` means that the wait was interrupted.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use rustix::event::epoll;

use crate::selector::{Event, Interest, Selector, Token, Trigger};
use crate::sys::timespec;

/// The maximum number of events per call. The next call returns the others.
const MAX_EVENTS: usize = 256;

/// With epoll, the kernel keeps the list. The program keeps only a descriptor
/// for it.
pub struct Epoll {
    epoll: OwnedFd,
    trigger: Trigger,
    /// The kernel writes its events here, see [`epoll::wait`].
    batch: Box<[MaybeUninit<epoll::Event>; MAX_EVENTS]>,
}

impl Epoll {
    /// Creates a selector that watches nothing yet.
    ///
    /// # Errors
    ///
    /// No descriptor is available.
    pub fn new(trigger: Trigger) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let batch = Box::new([MaybeUninit::uninit(); MAX_EVENTS]);
        Ok(Self {
            epoll,
            trigger,
            batch,
        })
    }

    /// Task 4: what the kernel watches for. Task 5: with [`Trigger::Edge`],
    /// the kernel reports each change only once (EPOLLET).
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
