//! Misconception: a wait that fails is a fatal error.
//! Edits: src/epoll.rs
//!
//! Must fail:
//! - 02/signal-interrupt: epoll_wait returns EINTR when the process is stopped
//!   and continued

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
