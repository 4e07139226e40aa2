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
// BEGIN HIDDEN
use rustix::io::Errno;
// END HIDDEN

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
        // BEGIN SOLUTION: task 4: EPOLLIN to read, EPOLLOUT to write
        let mut flags = epoll::EventFlags::empty();
        flags.set(epoll::EventFlags::IN, interest.read);
        flags.set(epoll::EventFlags::OUT, interest.write);
        flags.set(epoll::EventFlags::ET, self.trigger == Trigger::Edge);
        flags
        // END SOLUTION
    }
}

impl Selector for Epoll {
    fn register(
        &mut self,
        socket: Rc<dyn AsFd>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        // BEGIN SOLUTION: task 4: epoll::add
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::add(&self.epoll, socket, data, self.flags(interest))?)
        // END SOLUTION
    }

    fn modify(
        &mut self,
        socket: &dyn AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        // BEGIN SOLUTION: task 4: epoll::modify
        let (socket, flags) = (socket.as_fd(), self.flags(interest));
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::modify(&self.epoll, socket, data, flags)?)
        // END SOLUTION
    }

    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()> {
        // BEGIN SOLUTION: task 4: epoll::delete
        Ok(epoll::delete(&self.epoll, socket.as_fd())?)
        // END SOLUTION
    }

    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        // BEGIN SOLUTION: task 4: clear events, call epoll::wait
        use epoll::EventFlags as Flags;
        events.clear();
        let (epoll, timeout) = (&self.epoll, timespec(timeout));
        let batch = self.batch.as_mut_slice();
        let ready = match epoll::wait(epoll, batch, timeout.as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            result => result?.0,
        };
        for event in ready {
            let (flags, token) = (event.flags, event.data.u64());
            // ANCHOR: over
            // ERR and HUP are reported even if they were not requested.
            let err_or_hup = flags.intersects(Flags::ERR | Flags::HUP);
            let readable = err_or_hup || flags.contains(Flags::IN);
            let writable = err_or_hup || flags.contains(Flags::OUT);
            // ANCHOR_END: over
            events.push(Event {
                token,
                readable,
                writable,
            });
        }
        Ok(())
        // END SOLUTION
    }

    fn trigger(&self) -> Trigger {
        self.trigger
    }
}
