//! Misconception: to be told when writing is possible never hurts.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/blocks-in-its-call: an idle socket can be written, so the wait
//!   returns at once, for ever
//! - 02/select/blocks-in-its-call: an idle socket can be written, so the wait
//!   returns at once, for ever
//! - 02/epoll/blocks-in-its-call: an idle socket can be written, so the wait
//!   returns at once, for ever
//! - 02/poll/idle-is-idle: it spins
//! - 02/select/idle-is-idle: it spins
//! - 02/epoll/idle-is-idle: it spins

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
