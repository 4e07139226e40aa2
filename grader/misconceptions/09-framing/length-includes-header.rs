//! Misconception: the length of a frame is that of all its bytes.
//! Edits: src/codec.rs
//!
//! Must fail:
//! - 09/split-anywhere: the body lacks its last four bytes
//! - 09/coalesced: the body lacks its last four bytes
//! - 09/frames-echo: the body lacks its last four bytes

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
        if length > self.max_length {
            return Err(Error::TooLarge);
        }
        let length = length as usize;
        // Not `reserve(length)`: the buffer grows by what arrives.
        if input.len() < length {
            return Ok(None);
        }
        input.advance(HEADER_LEN);
        Ok(Some(input.split_to(length.saturating_sub(HEADER_LEN))))
    }
}

impl Encoder<Bytes> for FrameCodec {
    fn encode(
        &mut self,
        body: Bytes,
        output: &mut BytesMut,
    ) -> Result<(), Error> {
        // Not `as`: that would send a small number for a large one.
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        // Here one may reserve: the bytes are there.
        output.reserve(HEADER_LEN + body.len());
        output.put_u32(length + HEADER_LEN as u32);
        output.put_slice(&body);
        Ok(())
    }
}
