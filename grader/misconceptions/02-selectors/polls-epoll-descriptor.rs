//! Misconception: epoll_wait only collects events; poll waits until there are
//! some.
//! Edits: src/epoll.rs
//!
//! Must fail:
//! - 02/epoll/blocks-in-its-call: the thread sleeps in poll, on the epoll
//!   descriptor

use rustix::event::{PollFd, PollFlags, poll};

impl Selector for Epoll {
    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        use epoll::EventFlags as Flags;
        events.clear();
        let (epoll, timeout) = (&self.epoll, timespec(timeout));
        let batch = self.batch.as_mut_slice();
        let mut fds = [PollFd::new(epoll, PollFlags::IN)];
        match poll(&mut fds, timeout.as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            result => result?,
        };
        let at_once = timespec(Some(Duration::ZERO));
        let ready = match epoll::wait(epoll, batch, at_once.as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            result => result?.0,
        };
        for event in ready {
            let (flags, token) = (event.flags, event.data.u64());
            // ERR and HUP are reported even if they were not requested.
            let err_or_hup = flags.intersects(Flags::ERR | Flags::HUP);
            let readable = err_or_hup || flags.contains(Flags::IN);
            let writable = err_or_hup || flags.contains(Flags::OUT);
            events.push(Event {
                token,
                readable,
                writable,
            });
        }
        Ok(())
    }
}
