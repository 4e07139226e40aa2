//! Task 3: select(2).

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use crate::selector::{Event, Interest, Selector, Token, Watched};
use crate::sys::{FD_SETSIZE, FdSet, select};

/// select gets two sets of descriptors with each call, and gives them back
/// with the ready ones only. So what is watched is kept here, by descriptor,
/// and the sets are made anew for each call.
#[derive(Default)]
pub struct Select {
    watched: BTreeMap<RawFd, Watched>,
}

impl Select {
    /// A selector that watches nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Selector for Select {
    /// A descriptor that does not fit into an [`FdSet`] is refused.
    fn register(
        &mut self,
        socket: Rc<dyn AsFd>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        // BEGIN SOLUTION: task 3: remember the socket, if it fits into a set
        let number = socket.as_fd().as_raw_fd();
        if number as usize >= FD_SETSIZE {
            return Err(io::Error::other("more descriptors than select takes"));
        }
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
        // BEGIN SOLUTION: task 3: change what is remembered
        let watched = self.watched.get_mut(&socket.as_fd().as_raw_fd());
        let watched = watched.ok_or(io::ErrorKind::NotFound)?;
        (watched.token, watched.interest) = (token, interest);
        Ok(())
        // END SOLUTION
    }

    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()> {
        // BEGIN SOLUTION: task 3: forget the socket
        let watched = self.watched.remove(&socket.as_fd().as_raw_fd());
        watched.map(drop).ok_or(io::ErrorKind::NotFound.into())
        // END SOLUTION
    }

    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        // BEGIN SOLUTION: task 3: make the sets, call select, see what is left
        events.clear();
        let (mut read, mut write) = (FdSet::default(), FdSet::default());
        for watched in self.watched.values() {
            let descriptor = watched.socket.as_fd();
            if watched.interest.read {
                read.insert(descriptor);
            }
            if watched.interest.write {
                write.insert(descriptor);
            }
        }
        match select(&mut read, &mut write, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Ok(());
            }
            result => result?,
        };
        // An error makes a socket both readable and writable.
        for (&number, watched) in &self.watched {
            let readable = read.contains(number);
            let writable = write.contains(number);
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
