//! Misconception: asking for both directions never hurts.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/idle-is-idle: a slow reader has sent more bytes, so its socket stays readable
//! - 02/select/idle-is-idle: a slow reader has sent more bytes, so its socket stays readable
//! - 02/epoll/idle-is-idle: a slow reader has sent more bytes, so its socket stays readable

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
