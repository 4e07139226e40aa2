//! What has to be true of the codec for any frames, and for any bytes.

#![allow(clippy::unwrap_used)]

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use solution09::End;
use solution09::codec::{FrameCodec, HEADER};
use tokio_util::codec::{Decoder, Encoder};

/// The most bytes of a body in these tests.
const LONGEST: u32 = 64;

fn codec() -> FrameCodec {
    FrameCodec::new(LONGEST)
}

fn encoded(bodies: &[Vec<u8>]) -> BytesMut {
    let mut bytes = BytesMut::new();
    for body in bodies {
        codec()
            .encode(Bytes::copy_from_slice(body), &mut bytes)
            .unwrap();
    }
    bytes
}

/// All bodies that are whole in `input`, and why it ended, if it did.
fn decoded(input: &mut BytesMut) -> (Vec<Vec<u8>>, Option<End>) {
    let mut bodies = Vec::new();
    loop {
        match codec().decode(input) {
            Ok(Some(body)) => bodies.push(body.to_vec()),
            Ok(None) => return (bodies, None),
            Err(end) => return (bodies, Some(end)),
        }
    }
}

fn bodies() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let lengths = 0..=LONGEST as usize;
    vec(vec(any::<u8>(), lengths), 0..8)
}

/// Bytes with headers among them that one could believe.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![0..2 * LONGEST, any::<u32>()];
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
fn pieces<'b>(bytes: &'b [u8], cuts: &[Index]) -> Vec<&'b [u8]> {
    let mut ends: Vec<_> =
        cuts.iter().map(|c| c.index(bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut begin = 0;
    let piece = |end| {
        let piece = &bytes[begin..end];
        begin = end;
        piece
    };
    ends.into_iter().map(piece).collect()
}

#[test]
fn the_header_is_the_length_of_the_body_from_the_high_byte_on() {
    let bytes = encoded(&[b"{}".to_vec(), vec![b'x'; 0x102]]);
    assert_eq!(&bytes[..6], b"\x00\x00\x00\x02{}");
    assert_eq!(&bytes[6..11], b"\x00\x00\x01\x02x");
}

#[test]
fn a_body_may_have_all_bytes_of_the_limit_and_not_one_more() {
    for (length, taken) in [(LONGEST, true), (LONGEST + 1, false)] {
        let mut input = BytesMut::from(&length.to_be_bytes()[..]);
        // Refused by the header alone.
        let (_, end) = decoded(&mut input);
        assert_eq!(end.is_none(), taken, "{end:?}");
        input.resize(HEADER + length as usize, b'x');
        let (bodies, end) = decoded(&mut input);
        assert_eq!(bodies.len(), usize::from(taken));
        assert_eq!(matches!(end, Some(End::TooLarge)), !taken);
    }
}

proptest! {
    #[test]
    fn frames_come_out_as_they_went_in(
        bodies in bodies(),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        // ANCHOR: cuts
        let bytes = encoded(&bodies);
        let (mut input, mut found) = (BytesMut::new(), Vec::new());
        for piece in pieces(&bytes, &cuts) {
            input.extend_from_slice(piece);
            let (more, end) = decoded(&mut input);
            prop_assert!(end.is_none(), "{:?}", end);
            found.extend(more);
        }
        prop_assert_eq!(found, bodies);
        prop_assert!(codec().decode_eof(&mut input).unwrap().is_none());
        // ANCHOR_END: cuts
    }

    /// Each frame, as soon as its last byte is there: not one byte later.
    #[test]
    fn a_frame_waits_for_no_byte_after_it(body in vec(any::<u8>(), 0..64)) {
        let bytes = encoded(std::slice::from_ref(&body));
        let mut input = BytesMut::new();
        for (index, byte) in bytes.iter().enumerate() {
            input.extend_from_slice(&[*byte]);
            let frame = codec().decode(&mut input).unwrap();
            prop_assert_eq!(frame.is_some(), index + 1 == bytes.len());
        }
    }

    /// Neither does a header that lies get memory, nor do bytes vanish.
    #[test]
    fn any_bytes_are_decoded_without_panic_or_memory(
        bytes in bytes(),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        let mut input = BytesMut::new();
        let mut taken = 0;
        let mut given = 0;
        for piece in pieces(&bytes, &cuts) {
            input.extend_from_slice(piece);
            given += piece.len();
            let room = input.capacity();
            let (bodies, end) = decoded(&mut input);
            prop_assert!(input.capacity() <= room, "it has reserved");
            let each = bodies.iter().map(|body| HEADER + body.len());
            taken += each.sum::<usize>();
            prop_assert_eq!(taken + input.len(), given);
            prop_assert!(bodies.iter().all(|body| body.len() <= LONGEST as usize));
            if let Some(end) = end {
                prop_assert!(matches!(end, End::TooLarge));
                // And once more: it does not go on behind that header.
                let again = codec().decode_eof(&mut input);
                prop_assert!(matches!(again, Err(End::TooLarge)));
                return Ok(());
            }
        }
        let end = codec().decode_eof(&mut input);
        match input.is_empty() {
            true => prop_assert!(matches!(end, Ok(None))),
            false => prop_assert!(matches!(end, Err(End::Truncated))),
        }
    }

    #[test]
    fn what_ends_within_a_frame_is_no_frame(
        bodies in bodies(),
        last in vec(any::<u8>(), 0..64),
        cut in any::<Index>(),
    ) {
        let mut bytes = encoded(&bodies);
        let tail = encoded(&[last]);
        // At least one byte of it is there, and one is missing.
        bytes.extend_from_slice(&tail[..1 + cut.index(tail.len() - 1)]);
        for body in bodies {
            prop_assert_eq!(codec().decode_eof(&mut bytes).unwrap().unwrap(), body);
        }
        let end = codec().decode_eof(&mut bytes);
        prop_assert!(matches!(end, Err(End::Truncated)), "{:?}", end);
    }
}
