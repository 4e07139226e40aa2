//! Frames: a header of four bytes (the length of the body as a big-endian
//! number), then the body. The codec does not care what the body contains, or
//! where the bytes come from: it works on a buffer.

use bytes::{BufMut, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use crate::Error;

/// The length of a header, in bytes.
pub const HEADER_LEN: usize = 4;

/// Decodes bytes into bodies, and encodes bodies into frames.
#[derive(Clone, Copy, Debug)]
pub struct FrameCodec {
    /// The maximum length of a body to decode. Bodies to encode have no such
    /// limit.
    max_length: u32,
}

impl FrameCodec {
    /// Given: a codec that accepts bodies of at most `max_length` bytes.
    pub fn new(max_length: u32) -> Self {
        Self { max_length }
    }
}

impl Decoder for FrameCodec {
    type Item = BytesMut;
    type Error = Error;

    /// Task 1: takes the first frame out of `input` and returns its body. If
    /// the frame is incomplete, takes nothing and returns `None`. The bytes
    /// after the frame stay in `input`: they begin the next one.
    ///
    /// Task 3: refuses a body that is too long as soon as its header has
    /// arrived. Reserves nothing for a body that has not arrived.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`]: the start of the next frame can never be found.
    fn decode(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<BytesMut>, Error> {
        todo!("tasks 1 and 3: the header, the limit, then the body")
    }

    /// Task 3: the same at the end of the input, when no more bytes can arrive:
    /// an incomplete frame will now stay incomplete.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], or an error of [`Self::decode`].
    fn decode_eof(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<BytesMut>, Error> {
        todo!("task 3: decode; part of a frame is an error")
    }
}

impl Encoder<Bytes> for FrameCodec {
    type Error = Error;

    /// Task 2: appends the frame with this `body` to `output`.
    ///
    /// # Errors
    ///
    /// The body is too long for the header: 4 GiB or more.
    fn encode(
        &mut self,
        body: Bytes,
        output: &mut BytesMut,
    ) -> Result<(), Error> {
        todo!("task 2: the header, then the body")
    }
}
