//! Reads the frames that a server sends, and says why bytes are not a frame.

use course::text::size;
use engine::drive::{Connection, WireError};
use engine::verdict::{Explanation, Failure, FailureKind};
use serde_json::Value;

use super::causes;
use super::frame::{HEADER, shown_frames};
use crate::json::parse_json;

/// More than any answer of a correct server, in bytes. The answer to a body of 4 MiB may have three bytes for each of
/// its bytes (`\u00e9` for two bytes of UTF-8). No length in use becomes 16 MiB with its bytes reversed.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// The frames of a connection, one by one.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    /// What has been read and does not belong to a frame that was taken.
    buffer: Vec<u8>,
}

/// A frame of which only the beginning has arrived.
#[derive(Debug, PartialEq)]
pub(super) struct Unfinished {
    /// How much of it has arrived, in a sentence.
    pub observed: String,
    /// Why the rest is missing, if the beginning shows it.
    pub cause: Option<Explanation>,
}

impl FrameReader {
    /// The object in the next frame.
    pub(super) async fn next(&mut self, connection: &Connection) -> Result<Value, WireError> {
        let mut piece = vec![0; 64 * 1024];
        loop {
            if let Some(value) = self.take()? {
                return Ok(value);
            }
            let kind = match connection.read(&mut piece).await {
                Ok(0) => {
                    let observed = "the connection was closed (FIN)".to_owned();
                    FailureKind::ConnectionLost { observed }
                }
                Ok(count) => {
                    self.buffer.extend_from_slice(&piece[..count]);
                    continue;
                }
                Err(error) => {
                    let reason = error.to_string();
                    FailureKind::ConnectionBroken { phase: None, reason, tls: false, traffic: None }
                }
            };
            return Err(self.lost(kind));
        }
    }

    /// What has been read beyond the frames that were taken.
    pub(super) fn remaining(&self) -> &[u8] {
        &self.buffer
    }

    /// What has been read of an incomplete frame, if anything.
    pub(super) fn unfinished(&self) -> Option<Unfinished> {
        if self.buffer.is_empty() {
            return None;
        }
        let begin = shown_frames(&self.buffer);
        let Some((header, rest)) = self.buffer.split_first_chunk::<HEADER>() else {
            let observed = format!("only part of an answer's header arrived: {begin}");
            return Some(Unfinished { observed, cause: None });
        };
        let (length, came) = (u32::from_be_bytes(*header) as usize, rest.len());
        let observed = format!(
            "of an answer with {length} bytes in its body, only the header and {} arrived: {begin}",
            size(came as u64)
        );
        let is_little_endian = u32::from_le_bytes(*header) as usize == came;
        let cause = if is_little_endian {
            causes::LITTLE_ENDIAN_HEADER
        } else {
            causes::WRONG_LENGTH_IN_HEADER
        };
        Some(Unfinished { observed, cause: Some(cause) })
    }

    /// The failure of a connection that ended before the next frame was complete.
    fn lost(&self, kind: FailureKind) -> WireError {
        let failure = Failure::new(kind);
        let failure = match self.unfinished() {
            None => failure.because(causes::FRAME_CONNECTION_DROPPED),
            Some(Unfinished { observed, cause }) => failure
                .observing(observed)
                .because(cause.unwrap_or(causes::FRAME_CONNECTION_DROPPED)),
        };
        failure.into()
    }

    /// The object in the next frame, if it is complete.
    fn take(&mut self) -> Result<Option<Value>, WireError> {
        let Some((header, rest)) = self.buffer.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header) as usize;
        if length > MAX_ANSWER {
            let begin = shown_frames(&self.buffer);
            let observed = format!("a header announces an answer of {length} bytes: {begin}");
            return Err(malformed(observed, cause_of_length(*header)));
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let value = parse(*header, body);
        self.buffer.drain(..HEADER + length);
        value.map(Some)
    }
}

fn malformed(observed: String, cause: Explanation) -> WireError {
    Failure::property(observed).because(cause).into()
}

/// Why a header announces a longer body than any answer has.
fn cause_of_length(header: [u8; HEADER]) -> Explanation {
    if looks_like_text(header) {
        causes::HEADER_MISSING
    } else if (u32::from_le_bytes(header) as usize) <= MAX_ANSWER {
        causes::LITTLE_ENDIAN_HEADER
    } else {
        causes::WRONG_LENGTH_IN_HEADER
    }
}

/// Whether a header is the beginning of a JSON object, or what may come before one.
fn looks_like_text(header: [u8; HEADER]) -> bool {
    matches!(header[0], b'{' | b'\n' | b'\r' | b' ' | b'"')
        || header.iter().all(u8::is_ascii_graphic)
}

/// The object in `body`.
fn parse(header: [u8; HEADER], body: &[u8]) -> Result<Value, WireError> {
    let frame = || shown_frames(&[&header[..], body].concat());
    match parse_json(body) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => {
            let observed = format!("an answer is not an object: {}", frame());
            Err(malformed(observed, causes::ANSWER_NOT_AN_OBJECT))
        }
        Err(_) if body.is_empty() => {
            let observed = format!("an answer has no body: {}", frame());
            Err(malformed(observed, causes::ANSWER_WITHOUT_BODY))
        }
        Err(error) => {
            let observed = format!("an answer is not JSON ({error}): {}", frame());
            Err(malformed(observed, cause_of_bad_json(body, &error)))
        }
    }
}

/// Why `body` is not JSON: its length or its content is wrong.
fn cause_of_bad_json(body: &[u8], error: &serde_json::Error) -> Explanation {
    let is_json = |bytes: &[u8]| parse_json(bytes).is_ok();
    // The header counts itself.
    let is_longer = body.len().checked_sub(HEADER).is_some_and(|end| is_json(&body[..end]));
    if is_longer || error.is_eof() {
        causes::WRONG_LENGTH_IN_HEADER
    } else {
        causes::ANSWER_NOT_JSON
    }
}

#[cfg(test)]
mod tests {
    use engine::verdict::Cause;
    use serde_json::json;

    use super::super::frame::frame;
    use super::*;

    /// What is taken out of `bytes`: a value, nothing yet, or a failure's headline and cause.
    fn taken(bytes: &[u8]) -> Result<Option<Value>, (String, Option<Cause>)> {
        let mut frames = FrameReader { buffer: bytes.to_vec() };
        frames.take().map_err(|error| match error {
            WireError::Failed(failure) => (failure.headline(), failure.cause),
            other => panic!("{other:?}"),
        })
    }

    /// A body after a header that announces something else.
    fn lying(header: [u8; 4], body: &str) -> Vec<u8> {
        [&header[..], body.as_bytes()].concat()
    }

    #[test]
    fn a_frame_is_taken_once_it_is_whole() {
        let answer = json!({ "id": 7, "ok": "🦀é" });
        let bytes = frame(answer.to_string().as_bytes());
        for end in 0..bytes.len() {
            assert_eq!(taken(&bytes[..end]), Ok(None), "{end}");
        }
        assert_eq!(taken(&bytes), Ok(Some(answer)));
        let mut two = FrameReader { buffer: [&bytes[..], &bytes].concat() };
        assert!(matches!(two.take(), Ok(Some(_))));
        assert_eq!(two.buffer, bytes);
    }

    #[test]
    fn wrong_headers_are_recognised() {
        let body = r#"{"id":1,"ok":2}"#;
        let length = body.len() as u32;
        let cause = |bytes: &[u8]| taken(bytes).expect_err("a wrong header").1;
        let is = |cause: Explanation| Some(Cause::from(cause));
        assert_eq!(cause(&lying(length.to_le_bytes(), body)), is(causes::LITTLE_ENDIAN_HEADER));
        assert_eq!(cause(body.as_bytes()), is(causes::HEADER_MISSING));
        let after_a_newline = [b"\n", &frame(body.as_bytes())[..]].concat();
        assert_eq!(cause(&after_a_newline), is(causes::HEADER_MISSING));
        // The header counts its own bytes, and so the next header, too; or it counts characters.
        let next = [lying((length + 4).to_be_bytes(), body), vec![0, 0, 0, 15]].concat();
        assert_eq!(cause(&next), is(causes::WRONG_LENGTH_IN_HEADER));
        assert_eq!(
            cause(&lying((length - 2).to_be_bytes(), body)),
            is(causes::WRONG_LENGTH_IN_HEADER)
        );
    }

    #[test]
    fn wrong_bodies_are_recognised() {
        let cause = |bytes: &[u8]| taken(bytes).expect_err("a wrong body").1;
        let is = |cause: Explanation| Some(Cause::from(cause));
        assert_eq!(cause(&[0; 4]), is(causes::ANSWER_WITHOUT_BODY));
        assert_eq!(cause(&frame(b"[1]")), is(causes::ANSWER_NOT_AN_OBJECT));
        let (observed, cause) = taken(&frame(b"{'id':1}")).expect_err("not JSON");
        assert!(observed.ends_with("00 00 00 08 {'id':1}"), "{observed}");
        assert_eq!(cause, is(causes::ANSWER_NOT_JSON));
    }

    #[test]
    fn what_stays_unfinished_is_explained() {
        let body = r#"{"id":1,"ok":2}"#;
        let unfinished = |bytes: Vec<u8>| FrameReader { buffer: bytes }.unfinished();
        let begun = |bytes| unfinished(bytes).expect("something came");
        let Unfinished { observed, cause } = begun(lying([0, 0, 0, 19], body));
        assert!(observed.contains("with 19 bytes in its body"), "{observed}");
        assert!(observed.contains("15 bytes arrived:"), "{observed}");
        assert_eq!(cause, Some(causes::WRONG_LENGTH_IN_HEADER));
        // 256 bytes in little-endian order are 65,536 in the other.
        let long = format!("\"{}\"", "a".repeat(254));
        assert_eq!(begun(lying([0, 1, 0, 0], &long)).cause, Some(causes::LITTLE_ENDIAN_HEADER));
        let Unfinished { observed, cause } = begun(vec![0, 0]);
        assert_eq!((observed.matches("00").count(), cause), (2, None));
        assert_eq!(unfinished(Vec::new()), None);
    }
}
