//! Misconception: a write that takes a part only has written what there was
//! room for; the rest is gone.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/partial-write: what the kernel did not take is lost
//! - 02/select/partial-write: what the kernel did not take is lost
//! - 02/epoll/partial-write: what the kernel did not take is lost
//! - 02/half-close: what the kernel did not take is lost

impl Client {
    fn step(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        match &mut self.state {
            State::Reading => {
                let count = match (&*self.stream).read(buffer) {
                    Ok(0) => return Ok(Step::Finished),
                    Ok(count) => count,
                    Err(error) => return classify_error(error),
                };
                // Most often the kernel takes all of it at once.
                let written = match (&*self.stream).write(&buffer[..count]) {
                    Ok(written) => written,
                    Err(error) => classify_error(error).map(|_| 0)?,
                };
                if written < count {
                    let pending = Vec::new();
                    self.state = State::Writing {
                        pending,
                        written: 0,
                    };
                }
            }
            State::Writing { pending, written } => {
                match (&*self.stream).write(&pending[*written..]) {
                    Ok(count) => *written += count,
                    Err(error) => return classify_error(error),
                }
                if *written == pending.len() {
                    self.state = State::Reading;
                }
            }
        }
        Ok(Step::Progress)
    }
}
