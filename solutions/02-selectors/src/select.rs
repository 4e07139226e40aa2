//! Task 3: select(2).

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use crate::selector::{Event, Interest, Registration, Selector, Token};
use crate::sys::{FD_SETSIZE, FdSet, select};

/// select takes two sets of descriptors with each call, and leaves only the
/// ready ones in them. So the watched sockets are kept here, by descriptor,
/// and the sets are built again for each call.
#[derive(Default)]
pub struct Select {
    sockets: BTreeMap<RawFd, Registration>,
}

impl Select {
    /// Creates a selector that watches nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Selector for Select {
    /// Refuses a descriptor that does not fit into an [`FdSet`].
    fn register(
        &mut self,
        socket: Rc<dyn AsFd>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        // BEGIN SOLUTION: task 3: remember the socket if it fits into a set
        let fd = socket.as_fd().as_raw_fd();
        if fd as usize >= FD_SETSIZE {
            return Err(io::Error::other("more descriptors than select takes"));
        }
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
        // BEGIN SOLUTION: task 3: change what is remembered
        let registration = self.sockets.get_mut(&socket.as_fd().as_raw_fd());
        let registration = registration.ok_or(io::ErrorKind::NotFound)?;
        (registration.token, registration.interest) = (token, interest);
        Ok(())
        // END SOLUTION
    }

    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()> {
        // BEGIN SOLUTION: task 3: forget the socket
        let registration = self.sockets.remove(&socket.as_fd().as_raw_fd());
        registration.map(drop).ok_or(io::ErrorKind::NotFound.into())
        // END SOLUTION
    }

    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        // BEGIN SOLUTION: task 3: clear events, build the sets, call select
        events.clear();
        let (mut read, mut write) = (FdSet::default(), FdSet::default());
        for registration in self.sockets.values() {
            let descriptor = registration.socket.as_fd();
            if registration.interest.read {
                read.insert(descriptor);
            }
            if registration.interest.write {
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
        for (&fd, registration) in &self.sockets {
            let readable = read.contains(fd);
            let writable = write.contains(fd);
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
