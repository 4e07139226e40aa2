//! What a program prints, kept within bounds: the first and the last part, whatever lies between.

use std::collections::VecDeque;
use std::time::Duration;

/// How much is kept of the beginning, and as much of the end, in bytes.
pub const KEPT: usize = 32 * 1024;

/// What Rust's panics end with; the program's environment is the grader's, so it helps nobody.
const BACKTRACE: &str = "run with `RUST_BACKTRACE=1`";

/// One stream's output so far.
#[derive(Debug, Default)]
pub struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Capture {
    /// Takes in what was just read.
    pub fn extend(&mut self, mut bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = KEPT - self.head.len();
        let first = bytes.len().min(room);
        self.head.extend_from_slice(&bytes[..first]);
        bytes = &bytes[first..];
        // Only the last part of a large block can stay, so only that is touched.
        bytes = &bytes[bytes.len().saturating_sub(KEPT)..];
        let over = (self.tail.len() + bytes.len()).saturating_sub(KEPT);
        self.tail.drain(..over);
        self.tail.extend(bytes);
    }

    /// All bytes printed, kept or not.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The first bytes, at most [`KEPT`] of them.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The last whole lines, at most `count` of them and each cut at `width` bytes, without control
    /// characters and with what is not UTF-8 replaced: fit for a report.
    #[must_use]
    pub fn last_lines(&self, count: usize, width: usize) -> Vec<String> {
        let mut end: Vec<u8> = Vec::new();
        if self.tail.len() < KEPT {
            end.extend_from_slice(&self.head);
        }
        end.extend(self.tail.iter());
        let text = String::from_utf8_lossy(&end);
        let is_worth_it = |line: &&str| !line.trim().is_empty() && !line.contains(BACKTRACE);
        let lines: Vec<_> = text.lines().filter(is_worth_it).collect();
        let last = lines[lines.len().saturating_sub(count)..].iter();
        last.map(|line| printable(line, width)).collect()
    }

    /// How many lines of what is kept begin with `prefix`.
    #[must_use]
    pub fn lines_with(&self, prefix: &str) -> usize {
        let kept: Vec<u8> = self.head.iter().chain(&self.tail).copied().collect();
        let begins = |line: &[u8]| line.starts_with(prefix.as_bytes());
        kept.split(|&byte| byte == b'\n').filter(|line| begins(line)).count()
    }

    /// The first line with `needle` in what is kept.
    #[must_use]
    pub fn find_line(&self, needle: &str) -> Option<String> {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        let find = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.lines().find(|line| line.contains(needle)).map(str::to_owned)
        };
        find(&self.head).or_else(|| find(&tail))
    }
}

/// `text` without escape sequences and other control characters, cut at `width` characters.
#[must_use]
pub fn printable(text: &str, width: usize) -> String {
    let mut out: String = text
        .chars()
        .map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c })
        .take(width)
        .collect();
    if text.chars().nth(width).is_some() {
        out.push('…');
    }
    out
}

/// Bytes as a Rust byte string would show them, in quotes.
#[must_use]
pub fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// Two byte strings from around the first place where they differ, one under the other, with a caret
/// under that place; four lines for a report.
///
/// `offset` is where in the stream the two begin, `at` the place in them of the first difference. A
/// string that ends there is shown so.
#[must_use]
pub fn difference(offset: u64, expected: &[u8], got: &[u8], at: usize) -> Vec<String> {
    /// How many bytes are shown before and after the difference.
    const AROUND: usize = 12;
    let begin = at.saturating_sub(AROUND);
    let dots = if begin > 0 { "…" } else { "" };
    let shown = |bytes: &[u8]| {
        let end = bytes.len().min(at + AROUND);
        let after = if end < bytes.len() { "…" } else { "" };
        let middle = bytes.get(begin..end).unwrap_or_default();
        format!("\"{dots}{}{after}\"", middle.escape_ascii())
    };
    let before = got.get(begin..at).unwrap_or_default().escape_ascii().to_string();
    let caret = 1 + dots.chars().count() + before.chars().count();
    vec![
        format!("want  {}", shown(expected)),
        format!("got   {}", shown(got)),
        format!("      {}^ byte {}", " ".repeat(caret), offset + at as u64),
    ]
}

/// A number of bytes as people write it: `812 bytes`, `64 KiB`, `31.4 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    match bytes {
        1 => "1 byte".to_owned(),
        0..KIB => format!("{bytes} bytes"),
        KIB..MIB if bytes.is_multiple_of(KIB) => format!("{} KiB", bytes / KIB),
        KIB..MIB => format!("{:.1} KiB", bytes as f64 / KIB as f64),
        _ if bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        _ => format!("{:.1} MiB", bytes as f64 / MIB as f64),
    }
}

/// A duration as people read it: `0.4 ms`, `31 ms`, `2.10 s`.
#[must_use]
pub fn time(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1e3;
    match millis {
        ..10.0 => format!("{millis:.1} ms"),
        ..1000.0 => format!("{millis:.0} ms"),
        _ => format!("{:.2} s", millis / 1e3),
    }
}

/// `1 thread`, `3 threads`, `3 processes`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    let plural = match noun {
        _ if number == 1 => "",
        noun if noun.ends_with('s') => "es",
        _ => "s",
    };
    format!("{number} {noun}{plural}")
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

    #[test]
    fn caret_stands_under_the_first_wrong_byte() {
        let lines = difference(100, b"abc\ndef", b"abc\nxef", 4);
        assert_eq!(lines[0], r#"want  "abc\ndef""#);
        assert_eq!(lines[1], r#"got   "abc\nxef""#);
        assert_eq!(lines[1].find('x'), lines[2].find('^'));
        assert!(lines[2].ends_with("byte 104"));
    }

    #[test]
    fn difference_in_long_data_is_cut_around_the_place() {
        let (mut one, two) = (vec![b'a'; 1000], vec![b'a'; 1000]);
        one[500] = b'b';
        let lines = difference(0, &one, &two, 500);
        assert!(lines.iter().all(|line| line.chars().count() < 50), "{lines:?}");
        assert!(lines[0].contains("…aaaaaaaaaaaabaaaaaaaaaaa…"), "{lines:?}");
    }

    #[test]
    fn bytes_are_quoted_as_rust_writes_them() {
        assert_eq!(quoted(b"a\"b\\\r\n\0\xff"), r#""a\"b\\\r\n\x00\xff""#);
    }

    #[test]
    fn a_string_that_ends_early_has_its_caret_at_the_end() {
        let lines = difference(0, b"abcdef", b"abc", 3);
        assert_eq!(lines[1], r#"got   "abc""#);
        assert_eq!(lines[2].find('^'), Some(lines[1].len() - 1));
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(65536), "64 KiB");
        assert_eq!(size(32 * 1024 * 1024 + 300_000), "32.3 MiB");
    }
}
