//! What a program prints, in bounded memory: the first and the last part, without what is between them.

use std::collections::VecDeque;

use course::text::printable;

/// How much is kept of the beginning, and of the end, in bytes.
const KEPT: usize = 32 * 1024;

/// The advice after Rust's panics. It does not help: the grader sets the program's environment.
const BACKTRACE: &str = "run with `RUST_BACKTRACE=1`";

/// One stream's output so far.
#[derive(Debug, Default)]
pub struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Capture {
    /// Adds what was just read.
    pub fn extend(&mut self, mut bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = KEPT - self.head.len();
        let first = bytes.len().min(room);
        self.head.extend_from_slice(&bytes[..first]);
        bytes = &bytes[first..];
        // Only the last part of a large block is kept, so the rest is not copied.
        bytes = &bytes[bytes.len().saturating_sub(KEPT)..];
        let over = (self.tail.len() + bytes.len()).saturating_sub(KEPT);
        self.tail.drain(..over);
        self.tail.extend(bytes);
    }

    /// The number of bytes printed, kept or not.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The first bytes, at most 32 KiB of them.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The last lines in a form fit for a report: at most `count`, each cut off after `width` characters, without
    /// control characters or invalid UTF-8.
    #[must_use]
    pub fn last_lines(&self, count: usize, width: usize) -> Vec<String> {
        let mut end: Vec<u8> = Vec::new();
        if self.tail.len() < KEPT {
            end.extend_from_slice(&self.head);
        }
        end.extend(self.tail.iter());
        let text = String::from_utf8_lossy(&end);
        let is_worth_showing = |line: &&str| !line.trim().is_empty() && !line.contains(BACKTRACE);
        let lines: Vec<_> = text.lines().filter(is_worth_showing).collect();
        let last = lines[lines.len().saturating_sub(count)..].iter();
        last.map(|line| printable(line, width)).collect()
    }

    /// How many of the kept lines begin with `prefix`.
    #[must_use]
    pub fn lines_with(&self, prefix: &str) -> usize {
        let kept: Vec<u8> = self.head.iter().chain(&self.tail).copied().collect();
        let begins = |line: &[u8]| line.starts_with(prefix.as_bytes());
        kept.split(|&byte| byte == b'\n').filter(|line| begins(line)).count()
    }

    /// The first kept line that contains `needle`.
    #[must_use]
    pub fn find_line(&self, needle: &str) -> Option<String> {
        self.find_line_with_previous(needle).map(|(line, _)| line)
    }

    /// The first kept line that contains `needle`, and the line before it, which may be empty.
    #[must_use]
    pub fn find_line_with_previous(&self, needle: &str) -> Option<(String, String)> {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        let find = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let index = text.lines().position(|line| line.contains(needle))?;
            let line = |index: usize| text.lines().nth(index).unwrap_or_default().to_owned();
            Some((line(index), index.checked_sub(1).map(line).unwrap_or_default()))
        };
        find(&self.head).or_else(|| find(&tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capture_keeps_both_ends_of_a_flood() {
        let mut capture = Capture::default();
        capture.extend(b"first\n");
        for _ in 0..1000 {
            capture.extend(&[b'x'; 1000]);
        }
        capture.extend(b"\nlast\n");
        assert_eq!(capture.total(), 1_000_012);
        assert!(capture.head().starts_with(b"first\n"));
        assert_eq!(capture.last_lines(1, 80), ["last"]);
        assert!(capture.head.len() + capture.tail.len() <= 2 * KEPT);
    }

    #[test]
    fn capture_shows_short_output_whole() {
        let mut capture = Capture::default();
        capture.extend(b"one\n\xff\x1b[31mtwo");
        assert_eq!(capture.last_lines(5, 80), ["one", "\u{fffd}\u{fffd}[31mtwo"]);
    }
}
