//! Misconception: a frame must arrive before the server can see that it is too
//! large.
//! Edits: src/codec.rs
//!
//! Must fail:
//! - 09/oversize-refused: the server waits for the body

impl Decoder for FrameCodec {
    fn decode(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<BytesMut>, Error> {
        let Some(header) = input.first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header);
        let length = length as usize;
        // Not `reserve(length)`: the buffer grows as bytes arrive.
        if input.len() - HEADER_LEN < length {
            return Ok(None);
        }
        if length > self.max_length as usize {
            return Err(Error::TooLarge);
        }
        input.advance(HEADER_LEN);
        Ok(Some(input.split_to(length)))
    }
}
