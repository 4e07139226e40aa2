//! Misconception: one can always ask for both.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/idle-is-idle: a client that does not read has sent more, and is ready to be read all the time
//! - 02/select/idle-is-idle: a client that does not read has sent more, and is ready to be read all the time
//! - 02/epoll/idle-is-idle: a client that does not read has sent more, and is ready to be read all the time

impl Client {
    fn interest(&self) -> Interest {
        match self.state {
            State::Reading => Interest::READ,
            State::Writing { .. } => Interest {
                read: true,
                write: true,
            },
        }
    }
}
