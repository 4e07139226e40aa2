//! Given: lines, read from a client.
//!
//! A line ends in `\n`, and a `\r` before it is dropped. It is UTF-8 and has at
//! most so many bytes. What is left at the end of the input is a line, too,
//! unless it is empty.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// What a client is told when its line is refused.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("ERR line too long")]
    TooLong,
    #[error("ERR not utf-8")]
    NotUtf8,
    /// The connection broke: there is nobody to be told.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads lines. Both steps are cancel safe: what was read stays in here, and
/// the next call goes on with it.
pub struct Lines<R> {
    input: R,
    /// The most bytes of a line, its ending not counted.
    max_length: usize,
    /// What was read and is no part of an earlier line.
    buffer: Vec<u8>,
    /// Up to here there is no newline in `buffer`.
    searched: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Lines of at most `max_length` bytes, their endings not counted.
    pub fn new(input: R, max_length: usize) -> Self {
        Self {
            input,
            max_length,
            buffer: Vec::new(),
            searched: 0,
        }
    }

    /// The first step: waits for the first byte of the next line. `false` at
    /// the end of the input.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn wait_for_first_byte(&mut self) -> io::Result<bool> {
        Ok(!self.buffer.is_empty() || self.read().await? > 0)
    }

    /// The second step: reads the rest of the line. `None` at the end of the
    /// input, if nothing is left.
    ///
    /// # Errors
    ///
    /// The line is refused, or the connection broke.
    pub async fn next_line(&mut self) -> Result<Option<String>, LineError> {
        loop {
            let unsearched = &self.buffer[self.searched..];
            if let Some(end) = unsearched.iter().position(|&b| b == b'\n') {
                let end = self.searched + end;
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                self.searched = 0;
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return self.validate(line).map(Some);
            }
            self.searched = self.buffer.len();
            // The byte after the longest line may be the `\r` of its ending.
            let has_ending = self.buffer.get(self.max_length) == Some(&b'\r');
            if self.buffer.len() > self.max_length + usize::from(has_ending) {
                return Err(LineError::TooLong);
            }
            if self.read().await? == 0 {
                let line = std::mem::take(&mut self.buffer);
                self.searched = 0;
                return match line.is_empty() {
                    true => Ok(None),
                    false => self.validate(line).map(Some),
                };
            }
        }
    }

    /// Reads what there is; 0 at the end of the input.
    async fn read(&mut self) -> io::Result<usize> {
        self.buffer.reserve(1024);
        self.input.read_buf(&mut self.buffer).await
    }

    fn validate(&self, line: Vec<u8>) -> Result<String, LineError> {
        if line.len() > self.max_length {
            return Err(LineError::TooLong);
        }
        String::from_utf8(line).map_err(|_| LineError::NotUtf8)
    }
}
