//! Misconception: the codec can take the header before the body has arrived.
//! Edits: src/codec.rs
//!
//! Must fail:
//! - 09/split-anywhere: the body is taken for the next header
//! - 09/coalesced: half a body is taken for a header
//! - 09/frames-echo: a body that takes many reads is taken for a header

impl Decoder for FrameCodec {
    fn decode(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<BytesMut>, Error> {
        let Some(header) = input.first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header);
        input.advance(HEADER_LEN);
        // Check it before any use: it is only the client's claim.
        if length > self.max_length {
            return Err(Error::TooLarge);
        }
        let length = length as usize;
        // Not `reserve(length)`: the buffer grows as bytes arrive.
        if input.len() < length {
            return Ok(None);
        }
        Ok(Some(input.split_to(length)))
    }
}
