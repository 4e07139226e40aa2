//! Misconception: `wait` appends events to a list, so the caller must have
//! emptied it.
//! Edits: src/select.rs
//!
//! Must fail:
//! - 02/select/steady-cost: each wait handles all earlier events again, so each
//!   request costs more CPU time than the one before

impl Selector for Select {
    fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
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
        match select(&mut read, &mut write, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Ok(());
            }
            result => result?,
        };
        // An error makes a socket both readable and writable.
        for (&fd, registration) in &self.sockets {
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
