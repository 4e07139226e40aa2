//! Task 3: select(2).

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use crate::selector::{Event, Interest, Registration, Selector, Token};
use crate::sys::{FD_SETSIZE, FdSet, select};

/// select gets two sets of descriptors with each call, and gives them back
/// with the ready ones only. So the watched sockets are kept here, by
/// descriptor, and the sets are built again for each call.
#[derive(Default)]
pub struct Select {
    sockets: BTreeMap<RawFd, Registration>,
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
        todo!("task 3: remember the socket, if it fits into a set")
    }

    fn modify(
        &mut self,
        socket: &dyn AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        todo!("task 3: change what is remembered")
    }

    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()> {
        todo!("task 3: forget the socket")
    }

    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        todo!("task 3: clear events, make the sets, call select")
    }
}
