//! Misconception: at the limit is above it.
//! Edits: src/codec.rs
//!
//! Must fail:
//! - 09/max-size: a body of exactly the limit is refused

impl Decoder for FrameCodec {
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
}
