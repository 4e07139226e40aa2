//! The system calls in which the program can wait, and the flags that select them.

use engine::drive::Start;
use observe::Syscall;

/// A system call that waits for many descriptors.
pub(super) struct Backend {
    pub(super) start: Start,
    /// Its names in man pages.
    pub(super) calls: &'static str,
    /// Whether a call is one of them.
    pub(super) is_it: fn(Syscall) -> bool,
}

pub(super) static POLL: Backend = Backend {
    start: Start { flags: &["--backend", "poll"], ..Start::PLAIN },
    calls: "poll (or ppoll)",
    is_it: Syscall::is_poll,
};

pub(super) static SELECT: Backend = Backend {
    start: Start { flags: &["--backend", "select"], ..Start::PLAIN },
    calls: "select (or pselect6)",
    is_it: Syscall::is_select,
};

pub(super) static EPOLL: Backend = Backend {
    // This is the default; only the check of edge triggering names it explicitly.
    start: Start::PLAIN,
    calls: "epoll_wait (or epoll_pwait, epoll_pwait2)",
    is_it: Syscall::is_epoll,
};
