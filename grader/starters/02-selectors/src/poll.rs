//! Task 1: poll(2).
//!
//! Of the bits that poll can set, you ask for two: [`PollFlags::IN`] (a read
//! would not block) and [`PollFlags::OUT`] (a write would not block). poll
//! always reports two more: `ERR` (an error such as a reset) and `HUP` (both
//! directions have ended). Then neither call would block, so report the socket
//! as readable and writable. (`NVAL` means that the descriptor is closed,
//! which cannot happen here.)
//!
//! `PollFd::new(&socket, flags)` is an entry of poll's list. After the call,
//! `revents()` returns its bits. `Err(rustix::io::Errno::INTR)` means that a
//! signal interrupted the wait.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use crate::selector::{Event, Interest, Registration, Selector, Token};
use crate::sys::timespec;

/// poll takes the whole list of descriptors with each call, and the kernel
/// checks every entry. So the list is kept here, by descriptor.
#[derive(Default)]
pub struct Poll {
    sockets: BTreeMap<RawFd, Registration>,
}

impl Poll {
    /// Creates a selector that watches nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Selector for Poll {
    fn register(
        &mut self,
        socket: Rc<dyn AsFd>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        todo!("task 1: remember the socket")
    }

    fn modify(
        &mut self,
        socket: &dyn AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        todo!("task 1: change what is remembered")
    }

    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()> {
        todo!("task 1: forget the socket")
    }

    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        todo!("task 1: clear events, build the list, call poll")
    }
}
