//! Misconception: after any failed write, the selector says when to try again.
//! Edits: src/server.rs
//!
//! Nondeterministic: in no-crosstalk, a client must leave while bytes wait for it
//!
//! Must fail:
//! - 02/reset-storm: a client that was reset while bytes waited for it stays forever, and is always
//!   ready
//! - 02/descriptors-return: the same happens after no-crosstalk

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
