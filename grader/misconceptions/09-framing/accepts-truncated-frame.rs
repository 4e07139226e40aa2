//! Misconception: the bytes left at EOF are the last message, as with lines.
//! Edits: src/codec.rs
//!
//! Must fail:
//! - 09/truncated-frame: half a frame is answered

impl Decoder for FrameCodec {
    fn decode_eof(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<BytesMut>, Error> {
        match self.decode(input)? {
            Some(body) => Ok(Some(body)),
            None if input.is_empty() => Ok(None),
            None => Ok(Some(input.split())),
        }
    }
}
