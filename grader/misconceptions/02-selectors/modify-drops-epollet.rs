//! Misconception: EPOLLET is set once, when a socket is added.
//! Edits: src/epoll.rs
//!
//! Must fail:
//! - 02/edge-triggered: once its interest changes, a socket is level-triggered

impl Selector for Epoll {
    fn modify(
        &mut self,
        socket: &dyn AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let (socket, flags) = (socket.as_fd(), self.flags(interest));
        let flags = flags.difference(epoll::EventFlags::ET);
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::modify(&self.epoll, socket, data, flags)?)
    }
}
