//! Misconception: an old interest does no harm later.
//! Edits: src/epoll.rs
//!
//! Must fail:
//! - 02/epoll/idle-is-idle: EPOLLOUT stays set after a slow reader has caught
//!   up, and is always ready

use std::collections::HashMap;
use std::os::fd::{AsRawFd, RawFd};

pub struct Epoll {
    epoll: OwnedFd,
    trigger: Trigger,
    /// Everything that each socket was ever watched for.
    masks: HashMap<RawFd, epoll::EventFlags>,
    /// The kernel writes its events here, see [`epoll::wait`].
    batch: Box<[MaybeUninit<epoll::Event>; MAX_EVENTS]>,
}

impl Epoll {
    pub fn new(trigger: Trigger) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let batch = Box::new([MaybeUninit::uninit(); MAX_EVENTS]);
        Ok(Self {
            epoll,
            trigger,
            masks: HashMap::new(),
            batch,
        })
    }
}

impl Selector for Epoll {
    fn modify(
        &mut self,
        socket: &dyn AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let (socket, flags) = (socket.as_fd(), self.flags(interest));
        let mask = self.masks.entry(socket.as_raw_fd()).or_insert(flags);
        *mask |= flags;
        let flags = *mask;
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::modify(&self.epoll, socket, data, flags)?)
    }

    fn deregister(&mut self, socket: &dyn AsFd) -> io::Result<()> {
        self.masks.remove(&socket.as_fd().as_raw_fd());
        Ok(epoll::delete(&self.epoll, socket.as_fd())?)
    }
}
