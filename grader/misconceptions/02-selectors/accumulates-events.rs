//! Misconception: `wait` appends events to a list, so the caller must have
//! emptied it.
//! Edits: src/poll.rs
//!
//! Must fail:
//! - 02/poll/steady-cost: each wait handles all earlier events again, so each
//!   request costs more CPU time than the one before

impl Selector for Poll {
    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let mut fds: Vec<PollFd<'_>> =
            self.sockets.values().map(poll_fd).collect();
        match poll(&mut fds, timespec(timeout).as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            result => result?,
        };
        for (poll_fd, registration) in fds.iter().zip(self.sockets.values()) {
            let revents = poll_fd.revents();
            let err_or_hup =
                revents.intersects(PollFlags::ERR | PollFlags::HUP);
            let readable = err_or_hup || revents.contains(PollFlags::IN);
            let writable = err_or_hup || revents.contains(PollFlags::OUT);
            if readable || writable {
                events.push(Event {
                    token: registration.token,
                    readable,
                    writable,
                });
            }
        }
        Ok(())
    }
}
