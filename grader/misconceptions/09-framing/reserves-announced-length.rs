//! Misconception: a buffer should have its final size from the start.
//! Edits: src/codec.rs
//!
//! Must fail:
//! - 09/no-early-allocation: a header of four bytes makes the server reserve
//!   four megabytes

impl Decoder for FrameCodec {
    fn decode(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<BytesMut>, Error> {
        let Some(header) = input.first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header);
        // Check it before any use: it is only the client's claim.
        if length > self.max_length {
            return Err(Error::TooLarge);
        }
        let length = length as usize;
        if input.len() - HEADER_LEN < length {
            input.reserve(HEADER_LEN + length - input.len());
            return Ok(None);
        }
        input.advance(HEADER_LEN);
        Ok(Some(input.split_to(length)))
    }
}
