//! Given: the interface that select, poll and epoll share.

use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use clap::ValueEnum;

/// The name under which a selector reports a socket. The event loop chooses
/// it; the kernel does not interpret it.
pub type Token = u64;

/// What to wait for on a socket. poll and epoll always report an error and the
/// end of both directions; select reports them if there is any interest.
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

/// Which calls on a socket would not block now. After an error or the end of
/// the connection, neither call blocks; the result says what happened.
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

/// Waits for many sockets at the same time.
///
/// Sockets are shared: a selector may keep a socket that it watches open. So
/// the socket is closed only once it is [deregistered](Self::deregister) *and*
/// the event loop has dropped it.
pub trait Selector {
    /// Starts to watch `socket` under the name `token`.
    ///
    /// # Errors
    ///
    /// The socket is already watched, or the selector has no space for it.
    fn register(
        &mut self,
        socket: Rc<dyn AsFd>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()>;

    /// Changes the token and the interest of `socket`.
    ///
    /// # Errors
    ///
    /// The socket is not watched.
    fn modify(
        &mut self,
        socket: &dyn AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()>;

    /// Stops watching `socket`.
    ///
    /// # Errors
    ///
    /// The socket is not watched.
    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()>;

    /// Sleeps until a socket is ready or `timeout` has passed (`None`: no
    /// limit). Empties `events`, then puts what happened into it. A wait that
    /// a signal interrupts (EINTR) returns no events and no error.
    ///
    /// # Errors
    ///
    /// The system call failed.
    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()>;

    /// When this selector reports a socket.
    fn trigger(&self) -> Trigger {
        Trigger::Level
    }
}

/// What a selector remembers about a socket if the kernel does not.
pub struct Registration {
    pub socket: Rc<dyn AsFd>,
    pub token: Token,
    pub interest: Interest,
}
