//! Where received bytes first differ from the expected ones.

use serde::Serialize;

use super::serialize::escaped;

/// How many bytes are shown before and after the first difference.
const AROUND: usize = 12;

/// The first place where two byte streams differ, with the bytes around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The offset of the first wrong byte in the stream, from 0.
    pub offset: u64,
    #[serde(rename = "expected_bytes")]
    pub expected: Excerpt,
    #[serde(rename = "received_bytes")]
    pub received: Excerpt,
    /// How many bytes of each excerpt precede the first wrong byte.
    pub equal: usize,
}

/// Part of a longer run of bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// Whether bytes were left out before and after `bytes`.
    pub cut_before: bool,
    #[serde(serialize_with = "escaped")]
    pub bytes: Vec<u8>,
    pub cut_after: bool,
}

impl Difference {
    /// The difference between `expected` and `received`, which both begin at offset `begin` of the stream and are
    /// equal up to index `at`. One of them may end there.
    #[must_use]
    pub fn between(begin: u64, expected: &[u8], received: &[u8], at: usize) -> Self {
        let first = at.saturating_sub(AROUND);
        let excerpt = |bytes: &[u8]| {
            let last = bytes.len().min(at + AROUND);
            Excerpt {
                cut_before: first > 0,
                bytes: bytes.get(first..last).unwrap_or_default().to_vec(),
                cut_after: last < bytes.len(),
            }
        };
        Self {
            offset: begin + at as u64,
            expected: excerpt(expected),
            received: excerpt(received),
            equal: at - first,
        }
    }
}
