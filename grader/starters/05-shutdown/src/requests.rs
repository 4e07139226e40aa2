//! Given: the requests and answers of labs 04, 05 and 06.

use std::time::Duration;

/// The maximum length of a line in bytes, without its ending.
pub const MAX_LINE: usize = 8192;

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request<'l> {
    /// Answer with this text.
    Echo(&'l str),
    /// The same, after a delay: `SLEEP <ms> <text>`.
    Sleep(Duration, &'l str),
    /// A line that begins with `SLEEP ` but does not have that form.
    BadSleep,
}

impl<'l> Request<'l> {
    pub fn parse(line: &'l str) -> Self {
        match line.strip_prefix("SLEEP ") {
            None => Self::Echo(line),
            Some(rest) => match parse_args(rest) {
                Some((time, text)) => Self::Sleep(time, text),
                None => Self::BadSleep,
            },
        }
    }
}

/// Parses `<ms> <text>`: 1 to 5 digits, at most 60,000, and one space.
pub fn parse_args(rest: &str) -> Option<(Duration, &str)> {
    let (digits, text) = rest.split_once(' ')?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || digits.len() > 5 {
        return None;
    }
    let milliseconds = digits.parse().ok().filter(|&ms| ms <= 60_000)?;
    Some((Duration::from_millis(milliseconds), text))
}

/// The answer that contains `text`.
pub fn echo(text: &str) -> String {
    format!("ECHO: {text}\n")
}

/// The answer to [`Request::BadSleep`].
pub const BAD_SLEEP: &str = "ERR bad sleep\n";
