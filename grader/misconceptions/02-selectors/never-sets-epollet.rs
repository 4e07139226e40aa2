//! Misconception: edge-triggered is a way to write the loop, not a flag.
//! Edits: src/epoll.rs
//!
//! Must fail:
//! - 02/edge-triggered: the sockets are watched without EPOLLET

impl Epoll {
    fn flags(&self, interest: Interest) -> epoll::EventFlags {
        let mut flags = epoll::EventFlags::empty();
        flags.set(epoll::EventFlags::IN, interest.read);
        flags.set(epoll::EventFlags::OUT, interest.write);
        flags
    }
}
