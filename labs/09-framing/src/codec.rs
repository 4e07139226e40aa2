//! Frames: a header of four bytes, the length of the body as a big-endian
//! number, and the body. What is in the body is nobody's business here, and
//! neither is where the bytes come from: a codec takes what is there.

use bytes::{BufMut, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use crate::Error;

/// How many bytes say how long a body is.
pub const HEADER_LEN: usize = 4;

/// Bytes to bodies, and bodies to bytes.
#[derive(Clone, Copy, Debug)]
pub struct FrameCodec {
    /// The most bytes of a body that is taken. It is no limit for bodies that
    /// are sent.
    max_length: u32,
}

impl FrameCodec {
    /// Given: a codec that takes bodies of at most `max_length` bytes.
    pub fn new(max_length: u32) -> Self {
        Self { max_length }
    }
}

impl Decoder for FrameCodec {
    type Item = BytesMut;
    type Error = Error;

    /// Task 1: takes the first frame out of `input` and gives its body; `None`,
    /// and takes nothing, as long as it is not whole. What comes after it stays
    /// where it is: it is the beginning of the next one.
    ///
    /// Task 3: a body that is too long is refused as soon as its header is
    /// there. Nothing is reserved for one that has not come.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`]: where the next frame begins will never be known.
    fn decode(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<BytesMut>, Error> {
        todo!("tasks 1 and 3: the header, the limit, then the body")
    }

    /// Task 3: the same at the end of the input, when nothing more can come:
    /// what is left now, and is no frame, will never be one.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], or that of [`Self::decode`].
    fn decode_eof(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<BytesMut>, Error> {
        todo!("task 3: decode; part of a frame is an error")
    }
}

impl Encoder<Bytes> for FrameCodec {
    type Error = Error;

    /// Task 2: puts the frame with this `body` behind what is in `output`.
    ///
    /// # Errors
    ///
    /// The body is longer than the header can say: 4 GiB or more.
    fn encode(
        &mut self,
        body: Bytes,
        output: &mut BytesMut,
    ) -> Result<(), Error> {
        todo!("task 2: the header, then the body")
    }
}
