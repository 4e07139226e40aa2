//! Misconception: at the limit is above it.
//!
//! In place of: src/codec.rs
//!
//! Must fail:
//! - 09/max-size: a body of exactly the limit is refused

use bytes::Buf;
use bytes::{BufMut, Bytes, BytesMut};
use std::io;
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
        let Some(header) = input.first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header);
        // Before anything is done with it: it is only the client's word.
        if length >= self.max_length {
            return Err(Error::TooLarge);
        }
        let length = length as usize;
        // Not `reserve(length)`: the buffer grows by what arrives.
        if input.len() - HEADER_LEN < length {
            return Ok(None);
        }
        input.advance(HEADER_LEN);
        Ok(Some(input.split_to(length)))
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
        match self.decode(input)? {
            Some(body) => Ok(Some(body)),
            None if input.is_empty() => Ok(None),
            None => Err(Error::Truncated),
        }
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
        // Not `as`: that would send a small number for a large one.
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        // Here one may reserve: the bytes are there.
        output.reserve(HEADER_LEN + body.len());
        output.put_u32(length);
        output.put_slice(&body);
        Ok(())
    }
}
