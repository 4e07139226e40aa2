//! Given: what select, poll and epoll have in common.

use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use clap::ValueEnum;

/// The name under which a selector reports a socket. The event loop chooses it;
/// the kernel does not look at it.
pub type Token = u64;

/// What to wait for on a socket. poll and epoll report an error and the end of
/// both directions whatever the interest is, select if there is any interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    pub read: bool,
    pub write: bool,
}

impl Interest {
    pub const NONE: Self = Self {
        read: false,
        write: false,
    };
    pub const READ: Self = Self {
        read: true,
        write: false,
    };
    pub const WRITE: Self = Self {
        read: false,
        write: true,
    };
}

/// What happened on a socket: which call would not have to wait now. After an
/// error or the end of a connection that is true of both, and the call says
/// which it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub token: Token,
    pub readable: bool,
    pub writable: bool,
}

/// When a selector reports a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Trigger {
    /// As long as it is ready
    Level,
    /// Once, when it becomes ready (EPOLLET)
    Edge,
}

/// A selector waits for many sockets at once.
///
/// Sockets are shared: a selector may keep a socket open that it watches, so
/// it is closed only after [`deregister`](Self::deregister) *and* once the
/// event loop has dropped it.
pub trait Selector {
    /// From now on watches `socket` under the name `token`.
    ///
    /// # Errors
    ///
    /// It cannot be watched: it is already, or there is no room.
    fn register(
        &mut self,
        socket: Rc<dyn AsFd>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()>;

    /// From now on waits for something else on `socket`.
    ///
    /// # Errors
    ///
    /// It is not watched.
    fn modify(
        &mut self,
        socket: &dyn AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()>;

    /// Watches `socket` no longer.
    ///
    /// # Errors
    ///
    /// It is not watched.
    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()>;

    /// Sleeps until a socket is ready, or `timeout` has passed (`None`: for as
    /// long as it takes), and puts what happened into `events`, which is
    /// emptied first. An interrupted sleep (EINTR) ends without events, and
    /// without an error.
    ///
    /// # Errors
    ///
    /// The system call failed.
    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()>;

    /// When it reports a socket.
    fn trigger(&self) -> Trigger {
        Trigger::Level
    }
}

/// What a selector remembers of a socket, where the kernel does not.
pub struct Registration {
    pub socket: Rc<dyn AsFd>,
    pub token: Token,
    pub interest: Interest,
}
