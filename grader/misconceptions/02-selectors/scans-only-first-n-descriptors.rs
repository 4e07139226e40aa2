//! Misconception: select returns how many descriptors are ready, so checking
//! that many is enough.
//! Edits: src/select.rs
//!
//! Must fail:
//! - 02/select/echo-bytes: one descriptor is ready, but only the listener, the
//!   first in the list, is checked

impl Selector for Select {
    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        events.clear();
        let (mut read, mut write) = (FdSet::default(), FdSet::default());
        for registration in self.sockets.values() {
            let descriptor = registration.socket.as_fd();
            if registration.interest.read {
                read.insert(descriptor);
            }
            if registration.interest.write {
                write.insert(descriptor);
            }
        }
        let count = match select(&mut read, &mut write, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Ok(());
            }
            result => result?,
        };
        // An error makes a socket both readable and writable.
        for (&fd, registration) in self.sockets.iter().take(count) {
            let readable = read.contains(fd);
            let writable = write.contains(fd);
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
