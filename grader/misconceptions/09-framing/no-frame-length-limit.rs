//! Misconception: no client sends four gigabytes.
//! Edits: src/codec.rs
//!
//! Must fail:
//! - 09/oversize-refused: the server waits for the body, however long it is

#[derive(Clone, Copy, Debug)]
pub struct FrameCodec {
    _max_length: u32,
}

impl FrameCodec {
    pub fn new(max_length: u32) -> Self {
        Self {
            _max_length: max_length,
        }
    }
}

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
        input.advance(HEADER_LEN);
        Ok(Some(input.split_to(length)))
    }
}
