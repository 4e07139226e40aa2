//! Misconception: when a write fails, the selector says when to try again.
//! Edits: src/server.rs
//!
//! Nondeterministic: in no-crosstalk a client has to go while something waits for it.
//!
//! Must fail:
//! - 02/reset-storm: a client that was reset while something waited to be
//!   written stays for ever, and is always ready
//! - 02/descriptors-return: so it does after no-crosstalk

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
                    let pending = buffer[written..count].to_vec();
                    self.state = State::Writing {
                        pending,
                        written: 0,
                    };
                }
            }
            State::Writing { pending, written } => {
                match (&*self.stream).write(&pending[*written..]) {
                    Ok(count) => *written += count,
                    Err(_) => return Ok(Step::Blocked),
                }
                if *written == pending.len() {
                    self.state = State::Reading;
                }
            }
        }
        Ok(Step::Progress)
    }
}
