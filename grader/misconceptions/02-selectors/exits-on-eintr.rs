//! Misconception: a wait that fails has failed.
//! Edits: src/epoll.rs
//!
//! Must fail:
//! - 02/signal-interrupt: epoll_wait ends with EINTR after a stop and a
//!   continuation

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
        let (ready, _) = epoll::wait(epoll, batch, timeout.as_ref())?;
        for event in ready {
            let (flags, token) = (event.flags, event.data.u64());
            // An error or the end may come without having been asked for.
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
