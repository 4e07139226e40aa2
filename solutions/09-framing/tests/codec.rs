//! What has to be true of the codec for any frames, and for any bytes.

#![allow(clippy::unwrap_used)]

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use solution09::Error;
use solution09::codec::{FrameCodec, HEADER_LEN};
use tokio_util::codec::{Decoder, Encoder};

/// The most bytes of a body in these tests.
const MAX_LENGTH: u32 = 64;

fn codec() -> FrameCodec {
    FrameCodec::new(MAX_LENGTH)
}

fn encode_all(bodies: &[Vec<u8>]) -> BytesMut {
    let mut bytes = BytesMut::new();
    for body in bodies {
        codec()
            .encode(Bytes::copy_from_slice(body), &mut bytes)
            .unwrap();
    }
    bytes
}

/// All bodies that are whole in `input`, and why it ended, if it did.
fn decode_all(input: &mut BytesMut) -> (Vec<Vec<u8>>, Option<Error>) {
    let mut bodies = Vec::new();
    loop {
        match codec().decode(input) {
            Ok(Some(body)) => bodies.push(body.to_vec()),
            Ok(None) => return (bodies, None),
            Err(error) => return (bodies, Some(error)),
        }
    }
}

fn bodies() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let lengths = 0..=MAX_LENGTH as usize;
    vec(vec(any::<u8>(), lengths), 0..8)
}

/// Bytes with headers among them that one could believe.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![0..2 * MAX_LENGTH, any::<u32>()];
    let part = (header, vec(any::<u8>(), 0..40));
    vec(part, 0..8).prop_map(|parts| {
        let parts = parts.into_iter();
        let bytes = parts.flat_map(|(header, body)| {
            let header = header.to_be_bytes();
            header.into_iter().chain(body).collect::<Vec<_>>()
        });
        bytes.collect()
    })
}

/// Cuts `bytes` at these places.
fn split_at_cuts<'b>(bytes: &'b [u8], cuts: &[Index]) -> Vec<&'b [u8]> {
    let mut ends: Vec<_> =
        cuts.iter().map(|c| c.index(bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut start = 0;
    let piece = |end| {
        let piece = &bytes[start..end];
        start = end;
        piece
    };
    ends.into_iter().map(piece).collect()
}

#[test]
fn the_header_is_the_big_endian_length_of_the_body() {
    let bytes = encode_all(&[b"{}".to_vec(), vec![b'x'; 0x102]]);
    assert_eq!(&bytes[..6], b"\x00\x00\x00\x02{}");
    assert_eq!(&bytes[6..11], b"\x00\x00\x01\x02x");
}

#[test]
fn a_body_of_the_limit_is_accepted_and_one_byte_more_is_refused() {
    for (length, accepted) in [(MAX_LENGTH, true), (MAX_LENGTH + 1, false)] {
        let mut input = BytesMut::from(&length.to_be_bytes()[..]);
        // Refused by the header alone.
        let (_, error) = decode_all(&mut input);
        assert_eq!(error.is_none(), accepted, "{error:?}");
        input.resize(HEADER_LEN + length as usize, b'x');
        let (bodies, error) = decode_all(&mut input);
        assert_eq!(bodies.len(), usize::from(accepted));
        assert_eq!(matches!(error, Some(Error::TooLarge)), !accepted);
    }
}

proptest! {
    #[test]
    fn frames_round_trip_however_they_are_cut(
        bodies in bodies(),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        // ANCHOR: cuts
        let bytes = encode_all(&bodies);
        let (mut input, mut found) = (BytesMut::new(), Vec::new());
        for piece in split_at_cuts(&bytes, &cuts) {
            input.extend_from_slice(piece);
            let (more, error) = decode_all(&mut input);
            prop_assert!(error.is_none(), "{:?}", error);
            found.extend(more);
        }
        prop_assert_eq!(found, bodies);
        prop_assert!(codec().decode_eof(&mut input).unwrap().is_none());
        // ANCHOR_END: cuts
    }

    /// Each frame, as soon as its last byte is there: not one byte later.
    #[test]
    fn a_frame_is_decoded_with_its_last_byte(body in vec(any::<u8>(), 0..64)) {
        let bytes = encode_all(std::slice::from_ref(&body));
        let mut input = BytesMut::new();
        for (index, byte) in bytes.iter().enumerate() {
            input.extend_from_slice(&[*byte]);
            let frame = codec().decode(&mut input).unwrap();
            prop_assert_eq!(frame.is_some(), index + 1 == bytes.len());
        }
    }

    /// Neither does a header that lies get memory, nor do bytes vanish.
    #[test]
    fn arbitrary_bytes_cause_no_panic_and_no_allocation(
        bytes in bytes(),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        let mut input = BytesMut::new();
        let mut consumed = 0;
        let mut received = 0;
        for piece in split_at_cuts(&bytes, &cuts) {
            input.extend_from_slice(piece);
            received += piece.len();
            let capacity = input.capacity();
            let (bodies, error) = decode_all(&mut input);
            prop_assert!(input.capacity() <= capacity, "it has reserved");
            let each = bodies.iter().map(|body| HEADER_LEN + body.len());
            consumed += each.sum::<usize>();
            prop_assert_eq!(consumed + input.len(), received);
            let max = MAX_LENGTH as usize;
            prop_assert!(bodies.iter().all(|body| body.len() <= max));
            if let Some(error) = error {
                prop_assert!(matches!(error, Error::TooLarge));
                // And once more: it does not go on behind that header.
                let again = codec().decode_eof(&mut input);
                prop_assert!(matches!(again, Err(Error::TooLarge)));
                return Ok(());
            }
        }
        let result = codec().decode_eof(&mut input);
        match input.is_empty() {
            true => prop_assert!(matches!(result, Ok(None))),
            false => prop_assert!(matches!(result, Err(Error::Truncated))),
        }
    }

    #[test]
    fn input_that_ends_within_a_frame_is_truncated(
        bodies in bodies(),
        last in vec(any::<u8>(), 0..64),
        cut in any::<Index>(),
    ) {
        let mut bytes = encode_all(&bodies);
        let tail = encode_all(&[last]);
        // At least one byte of it is there, and one is missing.
        bytes.extend_from_slice(&tail[..1 + cut.index(tail.len() - 1)]);
        for body in bodies {
            prop_assert_eq!(codec().decode_eof(&mut bytes).unwrap().unwrap(), body);
        }
        let result = codec().decode_eof(&mut bytes);
        prop_assert!(matches!(result, Err(Error::Truncated)), "{:?}", result);
    }
}
