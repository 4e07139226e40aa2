//! Given: the line protocol of labs 04, 05 and 06, read from a client.
//!
//! A line ends in `\n`, and a `\r` before it is dropped. It is UTF-8 and has at
//! most [`LONGEST`] bytes. What is left at the end of the input is a line, too,
//! unless it is empty.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The most bytes of a line, its ending not counted.
pub const LONGEST: usize = 8192;

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
    /// What was read and is no part of an earlier line.
    buffer: Vec<u8>,
    /// Up to here there is no newline in `buffer`.
    searched: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
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
    pub async fn begins(&mut self) -> io::Result<bool> {
        Ok(!self.buffer.is_empty() || self.read().await? > 0)
    }

    /// The second step: reads the rest of the line. `None` at the end of the
    /// input, if nothing is left.
    ///
    /// # Errors
    ///
    /// The line is refused, or the connection broke.
    pub async fn rest(&mut self) -> Result<Option<String>, LineError> {
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
                return checked(line).map(Some);
            }
            self.searched = self.buffer.len();
            // The byte after the longest line may be the `\r` of its ending.
            let has_ending = self.buffer.get(LONGEST) == Some(&b'\r');
            if self.buffer.len() > LONGEST + usize::from(has_ending) {
                return Err(LineError::TooLong);
            }
            if self.read().await? == 0 {
                let line = std::mem::take(&mut self.buffer);
                self.searched = 0;
                return match line.is_empty() {
                    true => Ok(None),
                    false => checked(line).map(Some),
                };
            }
        }
    }

    /// Reads what there is; 0 at the end of the input.
    async fn read(&mut self) -> io::Result<usize> {
        self.buffer.reserve(1024);
        self.input.read_buf(&mut self.buffer).await
    }
}

fn checked(line: Vec<u8>) -> Result<String, LineError> {
    match line.len() {
        0..=LONGEST => String::from_utf8(line).map_err(|_| LineError::NotUtf8),
        _ => Err(LineError::TooLong),
    }
}

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request<'l> {
    /// To be answered with this text.
    Echo(&'l str),
    /// The same, after a time: `SLEEP <ms> <text>`.
    Sleep(Duration, &'l str),
    /// A line that begins with `SLEEP ` and is not of that form.
    BadSleep,
}

impl<'l> Request<'l> {
    pub fn of(line: &'l str) -> Self {
        match line.strip_prefix("SLEEP ") {
            None => Self::Echo(line),
            Some(rest) => match time_and_text(rest) {
                Some((time, text)) => Self::Sleep(time, text),
                None => Self::BadSleep,
            },
        }
    }
}

/// Takes `<ms> <text>` apart: 1 to 5 digits, at most 60,000, and one space.
pub fn time_and_text(rest: &str) -> Option<(Duration, &str)> {
    let (digits, text) = rest.split_once(' ')?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || digits.len() > 5 {
        return None;
    }
    let milliseconds = digits.parse().ok().filter(|&ms| ms <= 60_000)?;
    Some((Duration::from_millis(milliseconds), text))
}

/// The answer with `text`.
pub fn echo(text: &str) -> String {
    format!("ECHO: {text}\n")
}

/// The answer to [`Request::BadSleep`].
pub const BAD_SLEEP: &str = "ERR bad sleep\n";
