//! Misconception: what was read of a header is remembered until the body is
//! there.
//! Edits: src/codec.rs
//!
//! Must fail:
//! - 09/split-anywhere: the body is taken for the next header
//! - 09/coalesced: half a body is taken for a header
//! - 09/frames-echo: a body of many reads is taken for a header

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
        // Before anything is done with it: it is only the client's word.
        if length > self.max_length {
            return Err(Error::TooLarge);
        }
        let length = length as usize;
        // Not `reserve(length)`: the buffer grows by what arrives.
        if input.len() < length {
            return Ok(None);
        }
        Ok(Some(input.split_to(length)))
    }
}
