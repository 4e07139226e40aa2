//! Misconception: asking for write readiness never hurts.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/blocks-in-its-call: an idle socket is always writable, so every
//!   wait returns immediately
//! - 02/select/blocks-in-its-call: an idle socket is always writable, so every
//!   wait returns immediately
//! - 02/epoll/blocks-in-its-call: an idle socket is always writable, so every
//!   wait returns immediately
//! - 02/poll/idle-is-idle: the loop spins
//! - 02/select/idle-is-idle: the loop spins
//! - 02/epoll/idle-is-idle: the loop spins

impl Client {
    fn interest(&self) -> Interest {
        match self.state {
            State::Reading => Interest {
                read: true,
                write: true,
            },
            State::Writing { .. } => Interest::WRITE,
        }
    }
}
