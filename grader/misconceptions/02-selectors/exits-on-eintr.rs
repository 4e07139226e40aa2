//! Misconception: a wait that fails has failed.
//!
//! In place of: src/epoll.rs
//!
//! Must fail:
//! - 02/signal-interrupt: epoll_wait ends with EINTR after a stop and a
//!   continuation

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use rustix::event::epoll;

use crate::selector::{Event, Interest, Selector, Token, Trigger};
use crate::sys::timespec;

/// The most events that one call gives. What does not fit comes with the next.
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
        let mut flags = epoll::EventFlags::empty();
        flags.set(epoll::EventFlags::IN, interest.read);
        flags.set(epoll::EventFlags::OUT, interest.write);
        flags.set(epoll::EventFlags::ET, self.trigger == Trigger::Edge);
        flags
    }
}

impl Selector for Epoll {
    fn register(
        &mut self,
        socket: Rc<dyn AsFd>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::add(&self.epoll, socket, data, self.flags(interest))?)
    }

    fn modify(
        &mut self,
        socket: &dyn AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let (socket, flags) = (socket.as_fd(), self.flags(interest));
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::modify(&self.epoll, socket, data, flags)?)
    }

    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, socket.as_fd())?)
    }

    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        use epoll::EventFlags as Flags;
        events.clear();
        let (epoll, timeout) = (&self.epoll, timespec(timeout));
        let batch = self.batch.as_mut_slice();
        let (ready, _) = epoll::wait(epoll, batch, timeout.as_ref())?;
        for event in ready {
            let (flags, token) = (event.flags, event.data.u64());
            // An error or the end may come without having been asked for.
            let err_or_hup = flags.intersects(Flags::ERR | Flags::HUP);
            let readable = err_or_hup || flags.contains(Flags::IN);
            let writable = err_or_hup || flags.contains(Flags::OUT);
            events.push(Event {
                token,
                readable,
                writable,
            });
        }
        Ok(())
    }

    fn trigger(&self) -> Trigger {
        self.trigger
    }
}
