//! Given: reads lines from a client.
//!
//! A line ends in `\n`, and a `\r` before it is dropped. It must be UTF-8 and
//! have at most `max_length` bytes. A non-empty last line needs no newline.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Why a line is refused.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("ERR line too long")]
    TooLong,
    #[error("ERR not utf-8")]
    NotUtf8,
    /// The connection broke, so the client cannot be told.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads lines. Both steps are cancel safe: bytes that were read stay in here,
/// and the next call continues with them.
pub struct Lines<R> {
    input: R,
    /// The maximum length of a line in bytes, without its ending.
    max_length: usize,
    /// Bytes that were read and do not belong to an earlier line.
    buffer: Vec<u8>,
    /// `buffer` has no newline before this index.
    searched: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Reads lines of at most `max_length` bytes, without their endings.
    pub fn new(input: R, max_length: usize) -> Self {
        Self {
            input,
            max_length,
            buffer: Vec::new(),
            searched: 0,
        }
    }

    /// The first step: waits for the first byte of the next line. Returns
    /// `false` at the end of the input.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn wait_for_first_byte(&mut self) -> io::Result<bool> {
        Ok(!self.buffer.is_empty() || self.read().await? > 0)
    }

    /// The second step: reads the rest of the line. Returns `None` at the end
    /// of the input if no bytes are left.
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

    /// Reads what has arrived; returns 0 at the end of the input.
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
