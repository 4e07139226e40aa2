//! Text for reports: sizes, durations, plurals, quoted bytes.

use std::time::Duration;

/// `text`, cut at `width` characters, with each control character except tab replaced by U+FFFD.
#[must_use]
pub fn printable(text: &str, width: usize) -> String {
    let mut chars = text.chars();
    let shown = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
    let mut out: String = chars.by_ref().take(width).map(shown).collect();
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

/// Bytes as a Rust byte string would show them, in quotes.
#[must_use]
pub fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// A number of bytes in prose: `812 bytes`, `64 KiB`, `31.4 MiB`.
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

/// A duration in prose: `0.4 ms`, `31 ms`, `2.10 s`.
#[must_use]
pub fn time(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1e3;
    match millis {
        ..10.0 => format!("{millis:.1} ms"),
        ..1000.0 => format!("{millis:.0} ms"),
        _ => format!("{:.2} s", millis / 1e3),
    }
}

/// A number with its noun: `1 thread`, `3 threads`, `3 processes`.
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
    fn bytes_are_quoted_as_rust_writes_them() {
        assert_eq!(quoted(b"a\"b\\\r\n\0\xff"), r#""a\"b\\\r\n\x00\xff""#);
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(65536), "64 KiB");
        assert_eq!(size(32 * 1024 * 1024 + 300_000), "32.3 MiB");
    }

    #[test]
    fn durations_are_readable() {
        assert_eq!(time(Duration::from_micros(412)), "0.4 ms");
        assert_eq!(time(Duration::from_millis(31)), "31 ms");
        assert_eq!(time(Duration::from_millis(2104)), "2.10 s");
    }

    #[test]
    fn nouns_have_a_plural() {
        assert_eq!(count(1, "thread"), "1 thread");
        assert_eq!(count(0, "thread"), "0 threads");
        assert_eq!(count(3, "process"), "3 processes");
    }

    #[test]
    fn printable_text_has_no_control_characters() {
        assert_eq!(printable("a\tb\x1b[31mc", 80), "a\tb\u{fffd}[31mc");
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("abc", 3), "abc");
    }
}
