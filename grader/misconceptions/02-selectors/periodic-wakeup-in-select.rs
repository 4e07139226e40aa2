//! Misconception: a wait without a timeout could sleep forever.
//! Edits: src/select.rs
//!
//! Must fail:
//! - 02/select/idle-is-idle: it wakes up 100 times a second without work

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
        let timeout = timeout.or(Some(Duration::from_millis(10)));
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
