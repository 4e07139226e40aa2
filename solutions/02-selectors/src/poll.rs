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
// BEGIN HIDDEN
use rustix::io::Errno;
// END HIDDEN

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
        // BEGIN SOLUTION: task 1: remember the socket
        let fd = socket.as_fd().as_raw_fd();
        self.sockets.insert(
            fd,
            Registration {
                socket,
                token,
                interest,
            },
        );
        Ok(())
        // END SOLUTION
    }

    fn modify(
        &mut self,
        socket: &dyn AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        // BEGIN SOLUTION: task 1: change what is remembered
        let registration = self.sockets.get_mut(&socket.as_fd().as_raw_fd());
        let registration = registration.ok_or(io::ErrorKind::NotFound)?;
        (registration.token, registration.interest) = (token, interest);
        Ok(())
        // END SOLUTION
    }

    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()> {
        // BEGIN SOLUTION: task 1: forget the socket
        let registration = self.sockets.remove(&socket.as_fd().as_raw_fd());
        registration.map(drop).ok_or(io::ErrorKind::NotFound.into())
        // END SOLUTION
    }

    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        // BEGIN SOLUTION: task 1: clear events, build the list, call poll
        events.clear();
        let mut fds: Vec<PollFd<'_>> =
            self.sockets.values().map(poll_fd).collect();
        match poll(&mut fds, timespec(timeout).as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            result => result?,
        };
        for (poll_fd, registration) in fds.iter().zip(self.sockets.values()) {
            let revents = poll_fd.revents();
            // ERR and HUP are reported even if they were not requested.
            let err_or_hup =
                revents.intersects(PollFlags::ERR | PollFlags::HUP);
            let readable = err_or_hup || revents.contains(PollFlags::IN);
            let writable = err_or_hup || revents.contains(PollFlags::OUT);
            if readable || writable {
                events.push(Event {
                    token: registration.token,
                    readable,
                    writable,
                });
            }
        }
        Ok(())
        // END SOLUTION
    }
}

// BEGIN HIDDEN
/// An entry of poll's list: a descriptor, and what to watch it for.
fn poll_fd(registration: &Registration) -> PollFd<'_> {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, registration.interest.read);
    flags.set(PollFlags::OUT, registration.interest.write);
    PollFd::from_borrowed_fd(registration.socket.as_fd(), flags)
}
// END HIDDEN
