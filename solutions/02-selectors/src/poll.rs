//! Task 1: poll(2).

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use crate::selector::{Event, Interest, Selector, Token, Watched};
use crate::sys::timespec;
// BEGIN HIDDEN
use rustix::io::Errno;
// END HIDDEN

/// poll gets the whole list of descriptors with each call, and the kernel
/// looks at each of them. So the list is kept here, by descriptor.
#[derive(Default)]
pub struct Poll {
    watched: BTreeMap<RawFd, Watched>,
}

impl Poll {
    /// A selector that watches nothing yet.
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
        let number = socket.as_fd().as_raw_fd();
        self.watched.insert(
            number,
            Watched {
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
        let watched = self.watched.get_mut(&socket.as_fd().as_raw_fd());
        let watched = watched.ok_or(io::ErrorKind::NotFound)?;
        (watched.token, watched.interest) = (token, interest);
        Ok(())
        // END SOLUTION
    }

    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()> {
        // BEGIN SOLUTION: task 1: forget the socket
        let watched = self.watched.remove(&socket.as_fd().as_raw_fd());
        watched.map(drop).ok_or(io::ErrorKind::NotFound.into())
        // END SOLUTION
    }

    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        // BEGIN SOLUTION: task 1: make the list, call poll, tell what it found
        events.clear();
        let mut list: Vec<PollFd<'_>> =
            self.watched.values().map(entry).collect();
        match poll(&mut list, timespec(timeout).as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            result => result?,
        };
        for (entry, watched) in list.iter().zip(self.watched.values()) {
            let found = entry.revents();
            // An error or the end may come without having been asked for.
            let over = found.intersects(PollFlags::ERR | PollFlags::HUP);
            let readable = over || found.contains(PollFlags::IN);
            let writable = over || found.contains(PollFlags::OUT);
            if readable || writable {
                events.push(Event {
                    token: watched.token,
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
/// One line of poll's list: a descriptor, and what to look for.
fn entry(watched: &Watched) -> PollFd<'_> {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, watched.interest.read);
    flags.set(PollFlags::OUT, watched.interest.write);
    PollFd::from_borrowed_fd(watched.socket.as_fd(), flags)
}
// END HIDDEN
