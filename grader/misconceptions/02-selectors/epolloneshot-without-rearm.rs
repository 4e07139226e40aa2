//! Misconception: each event is reported once (EPOLLONESHOT), and the next one
//! follows automatically.
//! Edits: src/epoll.rs
//!
//! Must fail:
//! - 02/epoll/echo-bytes: after a client's first event, epoll reports no more
//!   for it

impl Epoll {
    fn flags(&self, interest: Interest) -> epoll::EventFlags {
        let mut flags = epoll::EventFlags::ONESHOT;
        flags.set(epoll::EventFlags::IN, interest.read);
        flags.set(epoll::EventFlags::OUT, interest.write);
        flags.set(epoll::EventFlags::ET, self.trigger == Trigger::Edge);
        flags
    }
}
