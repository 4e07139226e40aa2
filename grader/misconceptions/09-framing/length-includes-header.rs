//! Misconception: the length of a frame includes its header.
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
        // Check it before any use: it is only the client's claim.
        if length > self.max_length {
            return Err(Error::TooLarge);
        }
        let length = length as usize;
        // Not `reserve(length)`: the buffer grows as bytes arrive.
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
        // Not `as`: it would silently truncate a large number.
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        // Reserving is safe here: the bytes exist.
        output.reserve(HEADER_LEN + body.len());
        output.put_u32(length + HEADER_LEN as u32);
        output.put_slice(&body);
        Ok(())
    }
}
