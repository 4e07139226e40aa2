//! Misconception: adding a socket again with another mask changes its mask.
//! Edits: src/epoll.rs
//!
//! Must fail:
//! - 02/epoll/partial-write: when a client has to wait, EPOLL_CTL_ADD fails
//!   with EEXIST, and the client is dropped

impl Selector for Epoll {
    fn modify(
        &mut self,
        socket: &dyn AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let (socket, flags) = (socket.as_fd(), self.flags(interest));
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::add(&self.epoll, socket, data, flags)?)
    }
}
