//! Misconception: an event is over when it was told (EPOLLONESHOT), and the
//! next comes by itself.
//! Edits: src/epoll.rs
//!
//! Must fail:
//! - 02/epoll/echo-bytes: nothing more is told of a client after its first
//!   event

impl Epoll {
    fn flags(&self, interest: Interest) -> epoll::EventFlags {
        let mut flags = epoll::EventFlags::ONESHOT;
        flags.set(epoll::EventFlags::IN, interest.read);
        flags.set(epoll::EventFlags::OUT, interest.write);
        flags.set(epoll::EventFlags::ET, self.trigger == Trigger::Edge);
        flags
    }
}
