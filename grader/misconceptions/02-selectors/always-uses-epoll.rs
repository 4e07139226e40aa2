//! Misconception: epoll is the best of the three, so it can replace the others.
//!
//! Must fail:
//! - 02/poll/blocks-in-its-call: the server waits in epoll_wait
//! - 02/select/blocks-in-its-call: the server waits in epoll_wait

pub fn selector(
    backend: Backend,
    trigger: Trigger,
) -> io::Result<Box<dyn Selector>> {
    if trigger == Trigger::Edge && !matches!(backend, Backend::Epoll) {
        let reason = "--trigger edge needs --backend epoll";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    Ok(match backend {
        Backend::Epoll | Backend::Poll | Backend::Select => {
            Box::new(Epoll::new(trigger)?)
        }
        Backend::Portable => Box::new(Portable::new()?),
    })
}
