//! Misconception: poll is select with a better list, so it can stand in for it.
//! Edits: src/select.rs
//! Adds: poll_fd
//!
//! Must fail:
//! - 02/select/blocks-in-its-call: the server waits in poll

use crate::sys::timespec;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

impl Selector for Select {
    fn register(
        &mut self,
        socket: Rc<dyn AsFd>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let fd = socket.as_fd().as_raw_fd();
        self.sockets.insert(
            fd,
            Registration {
                socket,
                token,
                interest,
            },
        );
        Ok(())
    }

    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        events.clear();
        let mut fds: Vec<PollFd<'_>> =
            self.sockets.values().map(poll_fd).collect();
        match poll(&mut fds, timespec(timeout).as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            result => result?,
        };
        for (poll_fd, registration) in fds.iter().zip(self.sockets.values()) {
            let revents = poll_fd.revents();
            // ERR and HUP are reported even if they were not requested.
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

/// An entry of poll's list: a descriptor, and what to watch it for.
fn poll_fd(registration: &Registration) -> PollFd<'_> {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, registration.interest.read);
    flags.set(PollFlags::OUT, registration.interest.write);
    PollFd::from_borrowed_fd(registration.socket.as_fd(), flags)
}
