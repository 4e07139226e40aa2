//! A frame: the length of its body in four bytes, the most significant first, and that many bytes of JSON.

use course::text::{printable, quoted, size};

/// Bytes of a frame before its body.
pub(super) const HEADER: usize = 4;

/// How much of a frame reports show, in characters.
pub(super) const MAX_SHOWN: usize = 100;

/// The header of a body of `length` bytes.
pub(super) fn header(length: u32) -> [u8; HEADER] {
    length.to_be_bytes()
}

/// `body` as a frame.
pub(super) fn frame(body: &[u8]) -> Vec<u8> {
    [&header(body.len() as u32)[..], body].concat()
}

/// Bytes as reports show them: text as it is, with its length if it is long.
pub(super) fn shown_body(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control));
    let text = text.map_or_else(
        || quoted(&bytes[..bytes.len().min(MAX_SHOWN)]),
        |text| printable(text, MAX_SHOWN),
    );
    if bytes.len() > MAX_SHOWN { format!("{text} ({})", size(bytes.len() as u64)) } else { text }
}

/// Frames as reports show them: each header in hexadecimal digits, then the body. The last one may be incomplete.
pub(super) fn shown_frames(mut bytes: &[u8]) -> String {
    let mut parts = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() {
        parts.push(hexadecimal(header));
        let length = (u32::from_be_bytes(*header) as usize).min(rest.len());
        if length > 0 {
            parts.push(shown_body(&rest[..length]));
        }
        bytes = &rest[length..];
    }
    if !bytes.is_empty() {
        parts.push(hexadecimal(bytes));
    }
    printable(&parts.join(" "), 3 * MAX_SHOWN)
}

/// A frame in two pieces as reports show it, with a bar between them.
pub(super) fn shown_cut(bytes: &[u8], cut: usize) -> String {
    let (one, two) = bytes.split_at(cut);
    let second = match cut {
        0..HEADER => {
            let (header, body) = two.split_at((HEADER - cut).min(two.len()));
            format!("{} {}", hexadecimal(header), shown_body(body))
        }
        _ => shown_body(two),
    };
    format!("{} | {second}", shown_frames(one))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_shown_with_their_header() {
        assert_eq!(shown_frames(&frame(b"{}")), "00 00 00 02 {}");
        assert_eq!(shown_frames(&frame(b"\xff\n")), "00 00 00 02 \"\\xff\\n\"");
        assert_eq!(shown_frames(&[0, 0]), "00 00");
        let two = [&frame(b"{}")[..], &frame(b""), &frame(b"{}")[..5]].concat();
        assert_eq!(shown_frames(&two), "00 00 00 02 {} 00 00 00 00 00 00 00 02 {");
        let long = shown_frames(&frame(&[b'a'; 300]));
        assert!(long.starts_with("00 00 01 2c aaa") && long.ends_with("… (300 bytes)"), "{long}");
    }

    #[test]
    fn a_cut_is_shown_as_a_bar() {
        assert_eq!(shown_cut(&frame(b"{}"), 1), "00 | 00 00 02 {}");
        assert_eq!(shown_cut(&frame(b"{}"), 4), "00 00 00 02 | {}");
        assert_eq!(shown_cut(&frame(b"{}"), 5), "00 00 00 02 { | }");
    }
}
