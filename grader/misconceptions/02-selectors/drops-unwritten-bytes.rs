//! Misconception: a partial write takes what fits, and the rest is lost.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/partial-write: the bytes that the kernel did not take are lost
//! - 02/select/partial-write: the bytes that the kernel did not take are lost
//! - 02/epoll/partial-write: the bytes that the kernel did not take are lost
//! - 02/half-close: the bytes that the kernel did not take are lost

impl Client {
    fn step(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        match &mut self.state {
            State::Reading => {
                let count = match (&*self.stream).read(buffer) {
                    Ok(0) => return Ok(Step::Finished),
                    Ok(count) => count,
                    Err(error) => return classify_error(error),
                };
                // Usually the kernel takes all bytes in one write.
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
