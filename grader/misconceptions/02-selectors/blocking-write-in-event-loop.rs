//! Misconception: the rest of an answer is quickly written.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/slow-reader: the thread sleeps in `write` until that client reads
//! - 02/no-crosstalk: a client that does not read blocks all others
//! - 02/reset-storm: a client that does not read blocks all others

const BUFFER_SIZE: usize = 1024 * 1024;

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
                    self.stream.set_nonblocking(false)?;
                    (&*self.stream).write_all(&buffer[written..count])?;
                    self.stream.set_nonblocking(true)?;
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
